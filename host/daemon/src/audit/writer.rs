//! The thread that writes the audit log: in turns, each of one tenant and of at most its share.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant, SystemTime};

use cachewarden_system::safe_open::open_to_read;

use crate::config::AuditConfig;

use super::Counts;
use super::folder::{self, Name};
use super::log::Log;
use super::share::Share;

/// Between two looks for files that are too old.
const CLEAN_EVERY: Duration = Duration::from_secs(60 * 60);

/// What the writer does next.
pub(super) enum Turn {
    /// Writes what waits of a tenant. A share has one turn at a time.
    Write(Arc<Share>),
    /// Lists the files, with everything of the turns before.
    List(SyncSender<io::Result<Vec<LogFile>>>),
}

/// A file of the log, as it was when it was listed.
pub(crate) struct LogFile {
    /// Whose it is.
    pub(crate) tenant: String,
    /// When the last line was written, at the latest; `None` where more may be written.
    pub(crate) until: Option<SystemTime>,
    /// Where it is, or was.
    pub(crate) path: PathBuf,
    /// The file that is written to, which may get another name at any time, and its length.
    open: Option<(File, u64)>,
}

impl LogFile {
    /// What it has, from its beginning.
    ///
    /// # Errors
    /// When it cannot be read; it may have been removed.
    pub(crate) fn reader(&self) -> io::Result<impl io::Read> {
        use io::{Read as _, Seek as _};
        match &self.open {
            Some((file, length)) => {
                let mut file = file.try_clone()?;
                file.rewind()?;
                Ok(file.take(*length))
            }
            None => {
                let (file, metadata) = open_to_read(&self.path)?;
                Ok(file.take(metadata.len()))
            }
        }
    }
}

/// The one who writes.
pub(super) struct Writer {
    config: AuditConfig,
    counts: Counts,
    logs: HashMap<String, Log>,
    cleaned: Option<Instant>,
}

impl Writer {
    pub(super) fn new(config: AuditConfig, counts: Counts) -> Self {
        Self {
            config,
            counts,
            logs: HashMap::new(),
            cleaned: None,
        }
    }

    /// Writes until nobody has anything to write any more.
    pub(super) fn run(mut self, turns: &Receiver<Turn>) {
        self.clean_if_due();
        for turn in turns {
            match turn {
                Turn::Write(share) => {
                    let (lines, lost) = share.take();
                    self.log(share.tenant()).write(&lines, lost);
                }
                Turn::List(listed) => {
                    self.logs.values_mut().for_each(Log::retry);
                    // Whoever asked may be gone.
                    let _ = listed.send(self.list());
                }
            }
            self.clean_if_due();
        }
    }

    fn log(&mut self, tenant: &str) -> &mut Log {
        let (config, counts) = (&self.config, &self.counts);
        let new = || Log::new(tenant, config.clone(), counts.of(tenant));
        self.logs.entry(tenant.to_owned()).or_insert_with(new)
    }

    fn list(&self) -> io::Result<Vec<LogFile>> {
        let names = folder::names(&self.config.directory)?;
        let file = |name: Name| {
            let path = folder::path(&self.config.directory, &name);
            let until = name.until();
            let open = match until {
                Some(_) => None,
                // Where it cannot be opened, whoever reads it learns why.
                None => open_to_read(&path).ok(),
            };
            LogFile {
                tenant: name.tenant,
                until,
                path,
                open: open.map(|(file, metadata)| (file, metadata.len())),
            }
        };
        Ok(names.into_iter().map(file).collect())
    }

    /// Removes files that were put aside and are too old, also of tenants that are no more.
    fn clean_if_due(&mut self) {
        let now = Instant::now();
        if self.cleaned.is_some_and(|then| now - then < CLEAN_EVERY) {
            return;
        }
        self.cleaned = Some(now);
        // It is tried again in an hour.
        let mut tenants: Vec<_> = folder::names(&self.config.directory)
            .unwrap_or_default()
            .into_iter()
            .map(|name| name.tenant)
            .collect();
        tenants.dedup();
        for tenant in tenants {
            self.log(&tenant).remove_surplus();
        }
    }
}
