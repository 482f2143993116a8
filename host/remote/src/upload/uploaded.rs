//! What an upload came to.

use cachewarden_types::count;

use super::UploadError;

/// What an upload came to, or has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Entries that were sent.
    pub sent: u64,
    /// Entries that were there already.
    pub there: u64,
    /// Entries that are not sent: they have expired, were trimmed, or may not travel any more.
    pub gone: u64,
    /// Entries that are not sent, because their objects are larger than the service takes.
    pub too_large: u64,
    /// Entries that the service has not taken. They stay in the outbox.
    pub failed: u64,
    /// Entries that the service has refused again and again, though it takes others. They are not
    /// sent.
    pub given_up: u64,
    /// Bytes that were sent, as they travelled.
    pub bytes: u64,
    /// Entries that were dropped by a bound of the outbox.
    pub dropped: u64,
    /// Entries that the outbox still names.
    pub left: u64,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Sent { bytes: u64 },
    There,
    Gone,
    TooLarge,
    GivenUp,
}

impl Uploaded {
    /// Entries that were dealt with.
    pub fn done(&self) -> u64 {
        self.sent + self.there + self.gone + self.too_large + self.given_up
    }

    /// Entries are given up.
    pub(super) fn give_up(&mut self, entries: u64) {
        for _ in 0..entries {
            self.count(Outcome::GivenUp);
        }
    }

    /// How an upload ends that has gone on after a failure: well, where that was given up.
    pub(super) fn end_with(&self, failure: Option<UploadError>) -> Result<(), UploadError> {
        match failure {
            Some(error) if self.failed > 0 => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Sent { bytes } => {
                self.sent += 1;
                self.bytes += bytes;
            }
            Outcome::There => self.there += 1,
            Outcome::Gone => self.gone += 1,
            Outcome::TooLarge => self.too_large += 1,
            Outcome::GivenUp => self.given_up += 1,
        }
        self.left = self.left.saturating_sub(1);
    }

    /// Why an upload that has come to its end has left something out, where it has.
    pub(super) fn why_given_up(&self) -> Option<String> {
        (self.given_up > 0).then(|| {
            let given_up = count(self.given_up, "entry");
            format!(
                "{given_up} refused again and again, and given up; the next machine that builds that sends it again"
            )
        })
    }
}
