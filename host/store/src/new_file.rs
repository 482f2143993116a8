//! A file on its way into a bucket: written under a name that nobody looks for, and given its own in one step.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::files::{self, TEMPORARY_PREFIX};

/// A file that has no name to be found by yet. Dropped without one, it is removed.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    /// The folder of buckets.
    folder: Arc<File>,
    lock_timeout: Arc<LockTimeout>,
    /// Its way from there, until it has its name.
    temporary: Option<String>,
}

impl NewFile {
    /// Begins a file in the bucket of `digest`.
    pub(super) fn create(
        folder: &Arc<File>,
        digest: &Digest,
        mode: u32,
        lock_timeout: &Arc<LockTimeout>,
    ) -> rustix::io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let path = digest.file_path();
        loop {
            let name = format!("{}/{}", path.bucket(), temporary_name()?);
            match rustix::fs::openat(folder, &name, flags, Mode::from_raw_mode(mode)) {
                Err(Errno::EXIST) => {}
                file => {
                    return Ok(Self {
                        file: File::from(file?),
                        folder: Arc::clone(folder),
                        lock_timeout: Arc::clone(lock_timeout),
                        temporary: Some(name),
                    });
                }
            }
        }
    }

    /// The file itself.
    pub(super) fn as_file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it its name in one step: a reader sees what was there before, or all of this. Whether something had that name
    /// is told. Where it fails, the file is still there to be read.
    pub(super) fn name(&mut self, digest: &Digest, bucket: &Path) -> io::Result<bool> {
        let Some(temporary) = &self.temporary else {
            return Ok(false);
        };
        let (folder, path) = (&self.folder, digest.file_path());
        // Where nothing has this name there is nothing that a trimmer may have looked at and be about to remove; so
        // this needs no lock. It is how almost every put ends.
        let alone = RenameFlags::NOREPLACE;
        let named = rustix::fs::renameat_with(folder, temporary, folder, path.as_str(), alone);
        if named.is_err() {
            // The trimmer keeps away meanwhile.
            let _lock = files::lock_shared(bucket, &self.lock_timeout)?;
            rustix::fs::renameat(folder, temporary, folder, path.as_str())?;
        }
        self.temporary = None;
        Ok(named.is_err())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // What stays here the trimmer sweeps.
            let _ = rustix::fs::unlinkat(&self.folder, temporary, AtFlags::empty());
        }
    }
}

/// A name that no other process gives, nor this one twice.
fn temporary_name() -> rustix::io::Result<String> {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = match PROCESS.get() {
        Some(process) => *process,
        // On the systems that this runs on it does not fail.
        None => {
            let drawn = getrandom::u64().map_err(|_| Errno::NOSYS)?;
            *PROCESS.get_or_init(|| drawn)
        }
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(format!("{TEMPORARY_PREFIX}{process:016x}-{count:x}"))
}
