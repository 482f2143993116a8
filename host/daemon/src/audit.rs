//! The audit log: the recording of every session, a file for each tenant.
//!
//! One thread writes all of it, so that no answer waits for a disk. What always holds: lines of one
//! session are in order; a file has one writer and is put aside when it is large; and a line that
//! is lost, because the disk does not keep up, is counted.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cachewarden_recording::Recorder;
use cachewarden_system::safe_open::{append_line, open_to_append};

use crate::config::AuditConfig;

/// Lines that may wait for the disk. A line has some 400 bytes, one of a policy's log at most
/// 64 KiB.
const MAX_WAITING: usize = 16_384;

/// Between two looks for files that are too old.
const CLEAN_EVERY: Duration = Duration::from_secs(60 * 60);

/// The largest size that a file may have: half of what is read of a recording.
pub(crate) const LARGEST_FILE: u64 = 128 * 1024 * 1024;

/// The end of a file's name.
const SUFFIX: &str = ".jsonl";

/// A line on its way.
enum Message {
    Line {
        tenant: Arc<str>,
        line: Vec<u8>,
    },
    /// Tells when everything before it is written.
    Flush(SyncSender<()>),
}

/// The audit log, for sessions.
pub(crate) struct Audit {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    redact: Vec<String>,
    folder: PathBuf,
    /// Ended by dropping the sender.
    _writer: JoinHandle<()>,
}

impl Audit {
    /// Begins to write in the folder, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or no thread can be started.
    pub(crate) fn start(config: &AuditConfig) -> io::Result<Self> {
        fs::create_dir_all(&config.directory)?;
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let mut writer = Writer {
            config: config.clone(),
            files: HashMap::new(),
            cleaned: None,
            lost: Arc::clone(&lost),
        };
        let thread = thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.write_all(&receiver))?;
        Ok(Self {
            sender,
            lost,
            redact: config.redact.clone(),
            folder: config.directory.clone(),
            _writer: thread,
        })
    }

    /// What writes the recording of a session.
    pub(crate) fn recorder(&self, tenant: &str, session: &str) -> Recorder {
        let (sender, lost) = (self.sender.clone(), Arc::clone(&self.lost));
        let tenant: Arc<str> = tenant.into();
        let write_line = move |line: &[u8]| {
            let message = Message::Line {
                tenant: Arc::clone(&tenant),
                line: line.to_vec(),
            };
            if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
                sender.try_send(message)
            {
                lost.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        Recorder::to(Box::new(write_line), session, &self.redact)
    }

    /// Lines that were not written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything that was recorded until now is written.
    pub(crate) fn flush(&self) {
        let (sender, receiver) = sync_channel(0);
        if self.sender.send(Message::Flush(sender)).is_ok() {
            // The writer is alive as long as this is.
            let _ = receiver.recv();
        }
    }

    /// All files with what was recorded until now, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn files(&self) -> io::Result<Vec<PathBuf>> {
        self.flush();
        let mut files: Vec<_> = log_files(&self.folder)?.collect();
        files.sort();
        Ok(files)
    }
}

fn log_files(folder: &Path) -> io::Result<impl Iterator<Item = PathBuf>> {
    let all = fs::read_dir(folder)?.filter_map(Result::ok);
    let is_log = |path: &PathBuf| path.to_string_lossy().ends_with(SUFFIX);
    Ok(all.map(|item| item.path()).filter(is_log))
}

/// The one who writes.
struct Writer {
    config: AuditConfig,
    files: HashMap<Arc<str>, (File, u64)>,
    cleaned: Option<Instant>,
    lost: Arc<AtomicU64>,
}

impl Writer {
    fn write_all(&mut self, receiver: &Receiver<Message>) {
        for message in receiver {
            match message {
                Message::Line { tenant, line } => {
                    if let Err(error) = self.write(&tenant, &line) {
                        // The next line opens the file anew.
                        self.files.remove(&tenant);
                        self.lost.fetch_add(1, Ordering::Relaxed);
                        tracing::error!(%tenant, %error, "the audit log cannot be written");
                    }
                }
                Message::Flush(done) => {
                    // Whoever asked may be gone.
                    let _ = done.send(());
                }
            }
            self.clean_if_due();
        }
    }

    fn write(&mut self, tenant: &Arc<str>, line: &[u8]) -> io::Result<()> {
        let path = self.config.directory.join(format!("{tenant}{SUFFIX}"));
        let (file, size) = match self.files.remove(tenant) {
            Some(open) => open,
            None => {
                let file = open_to_append(&path)?;
                let size = file.metadata()?.len();
                (file, size)
            }
        };
        // Before it is larger: what reads recordings has a bound.
        let added = line.len() as u64 + 1;
        let is_full = size > 0 && size + added > self.config.max_file_size.0;
        let (mut file, size) = match is_full {
            true => (put_aside(&path, tenant)?, 0),
            false => (file, size),
        };
        append_line(&mut file, line)?;
        self.files.insert(Arc::clone(tenant), (file, size + added));
        Ok(())
    }

    /// Removes files that were put aside and are too old.
    fn clean_if_due(&mut self) {
        let now = Instant::now();
        if self.cleaned.is_some_and(|then| now - then < CLEAN_EVERY) {
            return;
        }
        self.cleaned = Some(now);
        let Ok(files) = log_files(&self.config.directory) else {
            return;
        };
        for path in files.filter(|path| is_put_aside(path)) {
            let age = fs::symlink_metadata(&path)
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|modified| modified.elapsed().ok());
            if age.is_some_and(|age| age > self.config.keep) {
                // It is tried again in an hour.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Gives a full file the time as its name, and begins a new one.
fn put_aside(path: &Path, tenant: &str) -> io::Result<File> {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    fs::rename(
        path,
        path.with_file_name(format!("{tenant}.{nanos}{SUFFIX}")),
    )?;
    open_to_append(path)
}

fn is_put_aside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(SUFFIX);
    name.rsplit_once('.')
        .is_some_and(|(_, time)| time.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Size;

    fn config(folder: &Path, most: u64) -> AuditConfig {
        AuditConfig {
            directory: folder.join("audit"),
            max_file_size: Size(most),
            keep: Duration::from_secs(60),
            redact: Vec::new(),
        }
    }

    fn record(audit: &Audit, tenant: &str, session: &str, lines: usize) {
        let mut recorder = audit.recorder(tenant, session);
        for _ in 0..lines {
            recorder
                .write(0, &cachewarden_recording::Line::Reopened)
                .unwrap();
        }
    }

    #[test]
    fn each_tenant_has_a_file_that_is_put_aside_when_it_is_large() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::start(&config(folder.path(), 100)).unwrap();
        record(&audit, "main", "1", 2);
        record(&audit, "fork", "2", 10);
        let files = audit.files().unwrap();
        let of = |tenant: &str| -> Vec<_> {
            let named = |path: &&PathBuf| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with(tenant)
            };
            files.iter().filter(named).collect()
        };
        assert_eq!(of("main").len(), 1);
        assert!(of("fork").len() > 2, "{files:?}");
        let lines = |path: &&PathBuf| fs::read_to_string(path).unwrap().lines().count();
        assert_eq!(
            of("fork").iter().map(lines).sum::<usize>(),
            10,
            "none is lost"
        );
        assert_eq!(audit.lost(), 0);
        for path in of("fork") {
            assert!(fs::metadata(path).unwrap().len() < 300, "{path:?}");
        }
    }

    #[test]
    fn a_file_that_was_put_aside_goes_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), 1);
        fs::create_dir(&config.directory).unwrap();
        let old = config.directory.join("main.17.jsonl");
        let others =
            ["main.jsonl", "main.x.jsonl", "notes.17.txt"].map(|name| config.directory.join(name));
        for path in others.iter().chain([&old]) {
            let file = File::create(path).unwrap();
            file.set_modified(SystemTime::now() - 2 * config.keep)
                .unwrap();
        }
        let audit = Audit::start(&config).unwrap();
        record(&audit, "fork", "1", 1);
        audit.files().unwrap();
        assert!(!old.exists());
        assert!(others.iter().all(|path| path.exists()));
    }
}
