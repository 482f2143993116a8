//! File operations that every part of the store uses: they open files without following links,
//! replace them by a rename, and lock out the trimmer.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::{Builder, NamedTempFile};

use cachewarden_system::file_lock;
use cachewarden_system::file_status::{self, Kind, Status};
use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_system::replace::is_in_use;
use cachewarden_system::safe_open::{follow_no_link, to_read_and_touch};
use cachewarden_types::Digest;

use super::{access, layout};

/// The prefix of the name of an unfinished file; the trimmer removes old ones.
pub(super) const TEMPORARY_PREFIX: &str = ".new-";

/// The least time between two updates of a file's mtime: a warm build would otherwise write
/// thousands of times. The trimmer's cutoffs allow for it.
pub(super) const TOUCH_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The mode of files that only their owner writes. Their folders are private; when a user opens
/// those to others, the files in them can be read.
pub(super) const FILE_MODE: u32 = 0o644;

/// A locked file, whose lock ends when this is dropped.
#[derive(Debug)]
pub(super) struct HeldLock(pub(super) File);

impl Drop for HeldLock {
    /// Closing the file would not be enough: a child process that was forked a moment ago, and has
    /// not executed its program yet, still has the file open, and with it the lock.
    fn drop(&mut self) {
        // Where this fails, the lock ends with the child's copy of the file.
        let _ = file_lock::unlock(&self.0);
    }
}

/// Creates a folder and those above it, for this user alone.
pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    access::private_folders().recursive(true).create(folder)
}

/// Opens a regular file. A link, a pipe or a folder in its place is an error; a link is not
/// followed, and a pipe does not block.
pub(super) fn open_regular(path: &Path, writable: bool) -> io::Result<(File, Status)> {
    open(OpenOptions::new().read(true).write(writable), path)
}

/// Opens a regular file to read it and to mark it as used, as [`open_regular`] does.
pub(super) fn open_to_touch(path: &Path) -> io::Result<(File, Status)> {
    open(&mut to_read_and_touch(), path)
}

/// Opens a regular file to append to it, as [`open_regular`] does; it is created where it is
/// missing.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    access::set_mode(&mut options, FILE_MODE);
    open(&mut options, path).map(|(file, _)| file)
}

/// Opens a regular file to write it anew, as [`open_regular`] does; it is created where it is
/// missing.
pub(super) fn open_to_rewrite(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    access::set_mode(&mut options, FILE_MODE);
    open(&mut options, path).map(|(file, _)| file)
}

/// Opens a regular file to read and to write it, as [`open_regular`] does; it and its folder are
/// created where they are missing.
#[cfg(unix)]
pub(super) fn open_or_create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    access::set_mode(&mut options, mode);
    let opened = match open(&mut options, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_private_folder(path.parent().unwrap_or(Path::new(".")))?;
            open(&mut options, path)
        }
        opened => opened,
    };
    opened.map(|(file, _)| file)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<(File, Status)> {
    let file = follow_no_link(options).open(path)?;
    let status = file_status::of(&file)?;
    if status.kind == Kind::File {
        Ok((file, status))
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// How often a folder is made again when the trimmer removes it while it is still empty.
const ATTEMPTS: usize = 5;

/// A new temporary file in `folder`, which is created where it is missing; the file is moved into
/// place when it is complete.
pub(super) fn new_in(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX).rand_bytes(10);
    access::set_mode_of_temporary(&mut builder, mode);
    for _ in 0..ATTEMPTS {
        match builder.tempfile_in(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_private_folder(folder)?;
            }
            result => return result,
        }
    }
    builder.tempfile_in(folder)
}

/// Gives a temporary file its name, in place of a file that has it.
///
/// # Errors
/// When it cannot be renamed; on Windows also when somebody has that file open.
pub(super) fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let mut file = Some(file);
    unless_in_use(|| match file.take().map(|file| file.persist(path)) {
        Some(Err(error)) => {
            file = Some(error.file);
            Err(error.error)
        }
        _ => Ok(()),
    })
}

/// How often a file that somebody has open is tried again: for a moment each process that looks for
/// viruses, or makes an index, has a new file open.
const TRIES: u32 = 6;

/// The first pause between two tries; each is twice the one before, so all are 31 milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// Repeats what fails since somebody has a file open, which happens on Windows alone.
pub(super) fn unless_in_use<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match work() {
            Err(error) if is_in_use(&error) => {
                thread::sleep(pause);
                pause *= 2;
            }
            done => return done,
        }
    }
    work()
}

/// How long a build waits for a trimmer, which holds a lock for a millisecond. A trimmer that was
/// stopped, by Ctrl-Z or with its container, must not stop a build.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a build does not wait for locks after a timeout. A build beside a stopped trimmer loses
/// at most five seconds of each minute; a build beside a trimmer that has continued only loses hits
/// meanwhile.
const PAUSE: Duration = Duration::from_secs(60);

/// The lock timeout of one store.
pub(super) fn lock_timeout() -> Arc<LockTimeout> {
    Arc::new(LockTimeout::new(LOCK_TIMEOUT, PAUSE))
}

/// Opens what is locked for a folder.
///
/// # Errors
/// When the folder is missing, or it cannot be opened.
pub(super) fn open_lock(folder: &Path) -> io::Result<File> {
    unless_in_use(|| file_lock::open_folder_lock(folder, || layout::lock_path(folder)))
}

/// Keeps the trimmer from removing anything in `folder` until the lock is dropped.
///
/// # Errors
/// When it cannot be opened or locked, or another process holds the lock for too long.
pub(super) fn lock_shared(folder: &Path, lock_timeout: &LockTimeout) -> io::Result<File> {
    lock_timeout.lock_shared(open_lock(folder)?)?.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "{} is locked by a process that trims the store and does not go on; is a `cachewarden prune` stopped?",
                folder.display()
            ),
        )
    })
}

/// Keeps other processes from touching or replacing a file in `folder` until the lock is dropped.
pub(super) fn lock_exclusive(folder: &Path) -> io::Result<File> {
    let lock = open_lock(folder)?;
    file_lock::lock(&lock)?;
    Ok(lock)
}

/// Marks a file as used, under a shared lock; returns whether that was possible. It is not in a
/// read-only store, which is not trimmed either, and not for another user's file in a shared store.
///
/// # Errors
/// When the file is gone, or the lock cannot be taken.
pub(super) fn touch(path: &Path, now: SystemTime, lock_timeout: &LockTimeout) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let _lock = lock_shared(folder, lock_timeout)?;
    let (file, _) = open_to_touch(path)?;
    Ok(file.set_modified(now).is_ok())
}

/// Whether a file last touched at `modified` is due to be touched again.
pub(super) fn is_touch_due(modified: SystemTime, now: SystemTime) -> bool {
    match now.duration_since(modified) {
        Ok(age) => age >= TOUCH_INTERVAL,
        // A time in the future means that the clock was set back; without an update the file would
        // never be trimmed.
        Err(ahead) => ahead.duration() >= TOUCH_INTERVAL,
    }
}

/// Whether an error means that there is no such file: nothing has its name, or its folder is
/// something else.
pub(super) fn is_not_there(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether this is the name of an unfinished file.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes()
        .starts_with(TEMPORARY_PREFIX.as_bytes())
}

/// The digest in a file's name; `None` where the name is not a digest in lowercase hex.
pub(super) fn digest_of(name: &OsStr) -> Option<Digest> {
    let name = name.to_str()?;
    Digest::from_hex(name).filter(|digest| digest.to_hex() == name)
}

/// The names in a folder, in order; none where the folder is missing or unreadable.
pub(super) fn names_in(folder: &Path) -> Vec<OsString> {
    read_names(folder).unwrap_or_default()
}

/// The names in a folder, in order.
///
/// # Errors
/// When it is missing or unreadable.
pub(super) fn read_names(folder: &Path) -> io::Result<Vec<OsString>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
