//! The audit log: the recording of every session, in files for each tenant.
//!
//! One thread writes all of it, so that no answer waits for a disk. What always holds: lines of one
//! session are in order; each tenant has a bounded share of what waits and of the disk, so that one
//! that floods loses lines and history of its own alone; and what is missing in the log is written
//! down in it, so that whoever reads it knows.

mod folder;
mod log;
mod share;
mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use cachewarden_recording::Recorder;

use crate::config::AuditConfig;

use share::Share;
use writer::{Turn, Writer};

pub(crate) use writer::LogFile;

/// The largest size that a file may have: half of what is read of a recording.
pub(crate) const LARGEST_FILE: u64 = 128 * 1024 * 1024;

/// How long whoever asks for the files waits until what was recorded is written. A disk that takes
/// longer hangs.
const LIST_TIME: Duration = Duration::from_secs(10);

/// The audit log, for sessions.
pub(crate) struct Audit {
    /// The writer ends when this and all shares are gone.
    turns: Sender<Turn>,
    shares: Mutex<BTreeMap<String, Arc<Share>>>,
    counts: Counts,
    redact: Vec<String>,
}

impl Audit {
    /// Begins to write in the folder, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or no thread can be started.
    pub(crate) fn start(config: &AuditConfig) -> io::Result<Self> {
        fs::create_dir_all(&config.directory)?;
        let (turns, receiver) = channel();
        let counts = Counts::default();
        let writer = Writer::new(config.clone(), counts.clone());
        thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run(&receiver))?;
        Ok(Self {
            turns,
            shares: Mutex::default(),
            counts,
            redact: config.redact.clone(),
        })
    }

    /// What writes the recording of a session.
    pub(crate) fn recorder(&self, tenant: &str, session: &str) -> Recorder {
        let share = self.share(tenant);
        let write_line = move |line: &[u8]| {
            share.push(line);
            Ok(())
        };
        Recorder::to(Box::new(write_line), session, &self.redact)
    }

    fn share(&self, tenant: &str) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Share::new(
                tenant,
                self.turns.clone(),
                self.counts.of(tenant),
            ))
        };
        Arc::clone(shares.entry(tenant.to_owned()).or_insert_with(new))
    }

    /// What is missing of a tenant's log, since the start.
    pub(crate) fn missing(&self, tenant: &str) -> Missing {
        let count = self.counts.of(tenant);
        Missing {
            lines: count.lost.load(Ordering::Relaxed),
            files: count.removed_files.load(Ordering::Relaxed),
        }
    }

    /// All files with what was recorded until now, by tenant and time. When it returns, that is
    /// written.
    ///
    /// # Errors
    /// When the folder cannot be read, or the disk does not keep up.
    pub(crate) fn files(&self) -> io::Result<Vec<LogFile>> {
        let (sender, receiver) = sync_channel(1);
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "its disk does not keep up");
        // The writer is alive as long as this is.
        let _ = self.turns.send(Turn::List(sender));
        receiver.recv_timeout(LIST_TIME).map_err(late)?
    }
}

/// What is missing of a tenant's log, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Lines that were not written.
    pub(crate) lines: u64,
    /// Files that were removed.
    pub(crate) files: u64,
}

/// Counts what is missing, for each tenant.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<BTreeMap<String, Arc<Count>>>>);

#[derive(Default)]
struct Count {
    lost: AtomicU64,
    removed_files: AtomicU64,
}

impl Counts {
    fn of(&self, tenant: &str) -> Arc<Count> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry(tenant.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests;
