//! A folder whose files only this user can have written.
//!
//! The open folder is checked once, and its files are opened relative to it, so replacing the
//! folder later has no effect. A file is checked when it is open, too: it must be a regular file of
//! this user that no other user may write, and links are not followed.

use std::ffi::CString;
use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cachewarden_types::since_1970;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat, unlinkat};
use tempfile::NamedTempFile;

/// The ID that a user namespace shows for every user that it does not know. A file of this user may
/// belong to anybody.
const UNKNOWN_USER: u32 = 65534;

/// Write permission for the group or for everybody.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// What a file counts at least, so that their number is bounded, too: 1,024 in a GiB.
const LEAST_WEIGHT: u64 = 1024 * 1024;

/// Do not follow links, and do not block.
const NO_FOLLOW_NO_WAIT: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// An open folder that only this user can change.
pub(super) struct OwnerOnlyDir {
    path: PathBuf,
    folder: OwnedFd,
}

impl OwnerOnlyDir {
    /// Opens the folder, and checks its owner and mode.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = NO_FOLLOW_NO_WAIT | OFlags::DIRECTORY | OFlags::RDONLY;
        let folder = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        check(&folder.metadata()?, Metadata::is_dir)?;
        Ok(Self {
            path: path.to_owned(),
            folder: folder.into(),
        })
    }

    /// Opens the folder as [`OwnerOnlyDir::open`] does; it is made where it is missing.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Self::open(path)
    }

    /// Opens a file for reading.
    pub(super) fn open_file(&self, name: &str) -> io::Result<(File, Metadata)> {
        self.checked(name, OFlags::RDONLY)
    }

    /// Reads a file; one that has more than `most` bytes is an error.
    pub(super) fn read(&self, name: &str, most: u64) -> io::Result<(File, Vec<u8>)> {
        let (file, metadata) = self.open_file(name)?;
        if metadata.len() > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        (&file).take(most).read_to_end(&mut bytes)?;
        Ok((file, bytes))
    }

    /// Opens a lock file, which is made where it is missing.
    pub(super) fn open_lock(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE;
        self.checked(name, flags).map(|(file, _)| file)
    }

    /// Replaces a file by a rename.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        // If the folder was replaced meanwhile, the file goes to where it is never loaded.
        let mut file = NamedTempFile::new_in(&self.path)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.persist(self.path.join(name))?;
        Ok(())
    }

    /// Removes the file with this name.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.folder, name, AtFlags::empty())?)
    }

    /// Removes files that were last modified before `then`. A process that has one open keeps it.
    pub(super) fn sweep(&self, then: SystemTime) {
        let then = since_1970(then);
        for entry in Dir::read_from(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let modified = statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map(|found| Duration::from_secs(found.st_mtime.try_into().unwrap_or_default()));
            if modified.is_ok_and(|modified| modified < then) {
                // Another process may have removed it; and a folder was not made by this program.
                let _ = unlinkat(&self.folder, name, AtFlags::empty());
            }
        }
    }

    /// Removes files until the others have at most `most` bytes, of which each counts at least
    /// [`LEAST_WEIGHT`]: first those that were modified
    /// longest ago, and never the one named `kept`.
    pub(super) fn shrink(&self, most: u64, kept: &str) {
        let mut files = self.files();
        // An empty file may be a lock, and frees nothing.
        files.retain(|file| file.1 > 0);
        let weight = |size: u64| size.max(LEAST_WEIGHT);
        let mut sum: u64 = files.iter().map(|file| weight(file.1)).sum();
        files.sort();
        for (_, size, name) in files {
            if sum <= most {
                break;
            }
            let goes = name.to_bytes() != kept.as_bytes();
            if goes && unlinkat(&self.folder, &name, AtFlags::empty()).is_ok() {
                sum -= weight(size);
            }
        }
    }

    /// Every regular file: its age, its size and its name.
    fn files(&self) -> Vec<(Duration, u64, CString)> {
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Ok(found) = statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile {
                let seconds = found.st_mtime.try_into().unwrap_or_default();
                let nanoseconds = found.st_mtime_nsec.try_into().unwrap_or_default();
                let size = found.st_size.try_into().unwrap_or_default();
                files.push((Duration::new(seconds, nanoseconds), size, name.to_owned()));
            }
        }
        files
    }

    fn checked(&self, name: &str, flags: OFlags) -> io::Result<(File, Metadata)> {
        let mode = Mode::RUSR | Mode::WUSR;
        let file = File::from(openat(&self.folder, name, flags | NO_FOLLOW_NO_WAIT, mode)?);
        let metadata = file.metadata()?;
        check(&metadata, Metadata::is_file)?;
        Ok((file, metadata))
    }
}

fn check(metadata: &Metadata, is_kind: fn(&Metadata) -> bool) -> io::Result<()> {
    let user = rustix::process::geteuid().as_raw();
    let ours = metadata.uid() == user && user != UNKNOWN_USER;
    if is_kind(metadata) && ours && metadata.mode() & WRITABLE_BY_OTHERS == 0 {
        Ok(())
    } else {
        Err(io::Error::other("it is not this user's alone"))
    }
}
