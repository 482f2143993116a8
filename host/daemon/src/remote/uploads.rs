//! Sends to the remote tiers what sessions have put.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cachewarden_remote::{Address, Credentials, DEFAULT_LEVEL, TierList, UploadEnd, upload_to};
use cachewarden_types::with_causes;

use crate::Daemon;

/// After an upload that has failed: a service that is away must not be asked all the time.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// The uploads, one at a time.
pub(crate) struct Uploads {
    tiers: TierList,
    under_way: Option<JoinHandle<bool>>,
    not_before: Option<Instant>,
}

impl Uploads {
    /// Uploads to these tiers. None has begun.
    pub(crate) fn to(tiers: TierList) -> Self {
        Self {
            tiers,
            under_way: None,
            not_before: None,
        }
    }

    /// Begins an upload where something waits and none is under way.
    pub(crate) fn begin_if_due(&mut self, daemon: &Arc<Daemon>) {
        if self.tiers.is_empty() {
            return;
        }
        if let Some(upload) = self.under_way.take_if(|upload| upload.is_finished()) {
            let is_complete = upload.join().unwrap_or_default();
            self.not_before = (!is_complete).then(|| Instant::now() + TRY_AGAIN);
        }
        let is_early = self.not_before.is_some_and(|then| Instant::now() < then);
        if self.under_way.is_some() || is_early || !self.tiers.iter().any(waits(daemon)) {
            return;
        }
        let (shared, tiers) = (Arc::clone(daemon), self.tiers.clone());
        // Where the system has no thread, the next look tries again.
        self.under_way = thread::Builder::new()
            .name("upload".into())
            .spawn(move || upload(&shared, tiers))
            .ok();
    }
}

/// Whether something waits for a tier that may be written.
fn waits(daemon: &Daemon) -> impl Fn(&(Address, Credentials)) -> bool + '_ {
    |(address, _)| {
        let outbox = daemon.store.outbox(address.tier_id());
        address.mode.writes() && outbox.is_some_and(|outbox| !outbox.is_empty())
    }
}

/// Sends what waits; whether all of it was sent.
fn upload(daemon: &Daemon, tiers: TierList) -> bool {
    let ends = upload_to(
        &daemon.store,
        tiers.into(),
        DEFAULT_LEVEL,
        Duration::ZERO,
        None,
        |_, _| {},
    );
    let ends = match ends {
        Ok(ends) => ends,
        Err(error) => {
            tracing::error!(%error, "nothing can be sent to the remote tiers");
            return false;
        }
    };
    for end in &ends {
        let (tier, sent) = (end.address.to_string(), &end.uploaded);
        daemon.metrics.sent(sent.sent, sent.bytes);
        match &end.end {
            UploadEnd::Failed(error) => tracing::warn!(
                tier,
                left = sent.left,
                "not all is sent to a remote tier; it is tried again: {}",
                with_causes(error)
            ),
            _ if sent.given_up > 0 => tracing::warn!(
                tier,
                entries = sent.given_up,
                "given up: a remote tier refuses them again and again, and takes others"
            ),
            _ if sent.dropped > 0 => tracing::warn!(
                tier,
                entries = sent.dropped,
                "dropped after they waited too long for a remote tier"
            ),
            _ => {}
        }
    }
    ends.iter().all(|end| end.is_complete())
}
