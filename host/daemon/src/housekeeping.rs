//! What the daemon does besides serving: it ends uploads of jobs that are too slow, trims the store,
//! sweeps the views, sends to remote tiers, and logs how many lines were left out of its log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use cachewarden_store::{TrimRequest, Usage};

use crate::Daemon;
use crate::log_limit::REFUSALS;
use crate::remote::Uploads;
use crate::sessions::Stopped;

/// Between two looks at uploads.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keeps house until the sender is gone.
pub(crate) fn keep_house(daemon: &Arc<Daemon>, mut uploads: Uploads, end: &Receiver<()>) {
    let mut trimmed = Instant::now();
    let mut trim = None;
    while end.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        end_slow_uploads(daemon);
        daemon.log_limit.sum_up();
        uploads.begin_if_due(daemon);
        let is_done = trim.as_ref().is_none_or(thread::JoinHandle::is_finished);
        if is_done && trimmed.elapsed() >= daemon.loaded().config.trim.every {
            trimmed = Instant::now();
            let daemon = Arc::clone(daemon);
            // Beside this, since it may take minutes.
            trim = thread::Builder::new()
                .name("trim".into())
                .spawn(move || trim_once(&daemon))
                .ok();
        }
    }
}

fn end_slow_uploads(daemon: &Daemon) {
    let loaded = daemon.loaded();
    for session in daemon.sessions.all() {
        let tenant = loaded
            .tenants
            .all
            .iter()
            .find(|one| one.name == session.tenant);
        let Some(tenant) = tenant else { continue };
        let least = tenant.quota.least_rate.0;
        if session.stopped().is_none() && session.upload.is_slower_than(least) {
            let user = session.peer.uid;
            if daemon.log_limit.admits(user, "least-rate", REFUSALS) {
                tracing::warn!(
                    session = session.id,
                    tenant = session.tenant,
                    "ended: its upload is slower than {least} bytes a second (quota.least-rate)"
                );
            }
            session.stop(Stopped::SlowUpload(least));
        }
    }
}

fn trim_once(daemon: &Daemon) {
    let config = &daemon.loaded().config.trim;
    let request = TrimRequest {
        older_than: config.older_than,
        max_size: config.max_size.map(|size| size.0),
        protected: config.protect.clone(),
        ..TrimRequest::default()
    };
    match daemon.store.prune(&request, |_| {}, |_| {}) {
        Ok(report) => tracing::info!(
            entries = report.entries,
            objects = report.objects,
            bytes = report.bytes,
            "trimmed"
        ),
        Err(error) => tracing::error!(%error, "the store cannot be trimmed"),
    }
    trim_to_quotas(daemon);
    let swept = daemon.views.sweep(&daemon.store, config.views_older_than);
    if let Err(error) = swept.and_then(|_| daemon.store.sweep_private_if_due()) {
        tracing::error!(%error, "the views cannot be swept");
    }
}

/// Brings what each tenant keeps below its quota, so that its next puts are kept.
fn trim_to_quotas(daemon: &Daemon) {
    for tenant in &daemon.loaded().tenants.all {
        let quota = &tenant.quota;
        let most = Usage {
            entries: quota.entries.map_or(u64::MAX, with_room),
            bytes: quota.bytes.map_or(u64::MAX, |size| with_room(size.0)),
        };
        if quota.entries.is_none() && quota.bytes.is_none() {
            continue;
        }
        let name = tenant.name.as_str();
        match daemon.store.trim_to_usage(&tenant.all_written, most) {
            Ok(0) => {}
            Ok(entries) => tracing::info!(tenant = name, entries, "trimmed to its quota"),
            Err(error) => tracing::error!(tenant = name, %error, "cannot be trimmed to its quota"),
        }
    }
}

/// A quota with a tenth of it free.
fn with_room(quota: u64) -> u64 {
    quota - quota / 10
}
