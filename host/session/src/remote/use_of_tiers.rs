//! The tiers of a session, from its opening to when it leaves them.

use std::io;

use cachewarden_protocol::ResponseSink;
use cachewarden_types::{Code, Label, reasons};

use super::patience::Patience;
use super::{TierSession, TierSessionConfig, TierUse};
use crate::Session;
use crate::config::RemoteTiers;

/// The tiers of a session, and how long it waits for them.
pub(crate) struct Remote {
    pub(crate) tiers: Box<dyn TierSession>,
    pub(crate) patience: Patience,
    /// They have cost as much time as they may, and are not asked any more. What is put is noted for
    /// them all the same.
    is_left: bool,
}

impl Remote {
    /// Whether gets may ask the tiers.
    pub(crate) fn is_asked(&self) -> bool {
        !self.is_left
    }

    /// Whether the tiers are to be left now.
    pub(crate) fn is_too_slow(&self) -> bool {
        !self.is_left && self.patience.is_exhausted()
    }
}

impl Session {
    /// Begins to use the tiers, once it is known what the session may read and write.
    pub(crate) fn open_tiers(&mut self, remote: &RemoteTiers, labels: Vec<Label>) {
        let read = self.access.read.iter().map(|scope| scope.name.clone());
        let tiers = remote.tiers.session(TierSessionConfig {
            id: self.id,
            read: read.collect(),
            write: self.access.write.clone(),
            labels,
        });
        self.remote = Some(Remote {
            tiers,
            patience: Patience::new(remote.budget),
            is_left: false,
        });
    }

    /// Answers the gets that wait for a tier with a miss, and asks tiers no more: they have cost
    /// this session as much time as they may.
    pub(crate) fn leave_tiers(&mut self, sink: &mut impl ResponseSink) -> io::Result<()> {
        self.warn_about_tiers();
        let Some(remote) = &mut self.remote else {
            return Ok(());
        };
        remote.is_left = true;
        remote.tiers.leave();
        self.diagnostics.warn_once(
            Code::RemoteTooSlow,
            &format!(
                "remote storage has cost this build {:.1} s more than it has saved, and is not asked any more (--remote-budget); `cachewarden doctor` looks at each tier",
                remote.patience.budget().as_secs_f64()
            ),
        );
        for get in self.waiting.give_up_remote() {
            self.give_up(&get, reasons::NOT_FETCHED, sink)?;
        }
        Ok(())
    }

    /// Ends the use of the tiers, and counts what it came to; that of each tier is given.
    pub(crate) fn note_tiers(&mut self, remote: Remote) -> Vec<TierUse> {
        let waited = remote.patience.waited_so_far().as_millis();
        self.tally.remote_wait = u64::try_from(waited).unwrap_or(u64::MAX);
        let stats = remote.tiers.end();
        self.tally.remote_bytes = stats.bytes_down;
        stats.tiers
    }

    /// Reports what happened in the tiers.
    pub(crate) fn warn_about_tiers(&mut self) {
        let Some(remote) = &mut self.remote else {
            return;
        };
        for (code, text) in remote.tiers.take_warnings() {
            self.diagnostics.warn(code, &text);
        }
    }
}
