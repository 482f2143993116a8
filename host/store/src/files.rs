//! What every part of the store does with files: open them without being led elsewhere, replace them in one step, and
//! keep the trimmer away while they are touched.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::{Builder, NamedTempFile};

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

/// Begins the name of a file that is still being written; the trimmer sweeps old ones.
pub(super) const TEMPORARY_PREFIX: &str = ".new-";

/// A file is touched again only when it was not touched for so long: a warm build would otherwise write thousands of
/// times. The trimmer's times leave room for it.
pub(super) const TOUCH_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The mode of files that their owner alone writes. Their folders are private; who opens those to others for a store that
/// is only read finds files that can be.
pub(super) const FILE_MODE: u32 = 0o644;

/// For how long a folder counts as it was looked at. What this program does to a store shows at once; this concerns what
/// somebody does to it by hand while a session works.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What a look at a folder came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<Seen> {
    at: SystemTime,
    seen: Seen,
}

impl<Seen: Copy> Look<Seen> {
    /// A look at `now`.
    pub(super) fn new(now: SystemTime, seen: Seen) -> Self {
        Self { at: now, seen }
    }

    /// What was seen, as long as that counts; nothing where the clock was set back.
    pub(super) fn still(&self, now: SystemTime) -> Option<Seen> {
        let age = now.duration_since(self.at).ok()?;
        (age < LOOK_INTERVAL).then_some(self.seen)
    }
}

/// Creates a folder and those above it, for this user alone.
pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Opens a regular file. A link, a pipe or a folder in its place is an error and is neither followed nor waited for.
pub(super) fn open_regular(path: &Path, writable: bool) -> io::Result<(File, Metadata)> {
    open(OpenOptions::new().read(true).write(writable), path)
}

/// Opens a regular file to append to it, likewise; it is created where it is missing.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(FILE_MODE);
    open(&mut options, path).map(|(file, _)| file)
}

/// Opens a regular file to read and to write it, likewise; it is created where it is missing, and so is its folder.
pub(super) fn open_or_create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(mode);
    let opened = match open(&mut options, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_private_folder(path.parent().unwrap_or(Path::new(".")))?;
            open(&mut options, path)
        }
        opened => opened,
    };
    opened.map(|(file, _)| file)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<(File, Metadata)> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// How often a folder is made that the trimmer removes, empty as it still is, before a file is in it.
const ATTEMPTS: usize = 5;

/// A new file in `folder`, which is created where it is missing; to be moved into place when it is complete.
pub(super) fn new_in(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder
        .prefix(TEMPORARY_PREFIX)
        .rand_bytes(10)
        .permissions(Permissions::from_mode(mode));
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

/// How long a build waits for a trimmer, which holds a lock for a millisecond. One that was stopped with it, by Ctrl-Z or
/// with its container, must stop no build.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// And how long it waits for none after that. A build beside a trimmer that stays stopped loses at most five seconds of
/// each minute; one beside a trimmer that went on has lost nothing but what it looked for meanwhile.
const PAUSE: Duration = Duration::from_secs(60);

/// The patience of one store with its trimmer.
pub(super) fn lock_timeout() -> Arc<LockTimeout> {
    Arc::new(LockTimeout::new(LOCK_TIMEOUT, PAUSE))
}

/// Keeps the trimmer from removing anything in `folder` until the lock is dropped.
///
/// # Errors
/// When it cannot be opened or locked, or somebody else holds the lock for longer than any build should wait.
pub(super) fn lock_shared(folder: &Path, lock_timeout: &LockTimeout) -> io::Result<File> {
    lock_timeout.lock_shared(File::open(folder)?)?.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "{} is locked by a process that trims the store and does not go on; is a `cachewarden prune` stopped?",
                folder.display()
            ),
        )
    })
}

/// Keeps everyone from touching or replacing anything in `folder` until the lock is dropped.
pub(super) fn lock_exclusive(folder: &Path) -> io::Result<File> {
    let lock = File::open(folder)?;
    lock.lock()?;
    Ok(lock)
}

/// Marks a file as used, while the trimmer keeps away; whether that could be done. In a read-only store it cannot, and
/// nothing is trimmed either; a file of somebody else's in a shared store stays as it is.
///
/// # Errors
/// When it is gone, or the trimmer cannot be kept away.
pub(super) fn touch(path: &Path, now: SystemTime, lock_timeout: &LockTimeout) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let _lock = lock_shared(folder, lock_timeout)?;
    let (file, _) = open_regular(path, false)?;
    Ok(file.set_modified(now).is_ok())
}

/// Whether a file last touched at `modified` is due to be touched again.
pub(super) fn is_touch_due(modified: SystemTime, now: SystemTime) -> bool {
    match now.duration_since(modified) {
        Ok(age) => age >= TOUCH_INTERVAL,
        // A time in the future comes of a clock that was set back; as it stands the file would never be trimmed.
        Err(ahead) => ahead.duration() >= TOUCH_INTERVAL,
    }
}

/// Whether an error says that there is no such file: nothing has its name, or something else lies where its folder would.
pub(super) fn is_not_there(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether this is the name of a file that is still being written.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes()
        .starts_with(TEMPORARY_PREFIX.as_bytes())
}

/// The digest that a file is named by; `None` where its name is no digest, spelled as this program does.
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
