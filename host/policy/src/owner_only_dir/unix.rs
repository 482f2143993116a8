//! Relative to the folder's descriptor, with the owners and modes of what is open.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use cachewarden_system::user;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat, unlinkat};
use tempfile::NamedTempFile;

use super::Entry;

/// The ID that a user namespace shows for every user that it does not know. A file of this user may
/// belong to anybody.
const UNKNOWN_USER: u32 = 65534;

/// Write permission for the group or for everybody.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Do not follow links, and do not block.
const NO_FOLLOW_NO_WAIT: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

pub(super) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(super) fn new_temporary(folder: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}

pub(super) fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path)?;
    Ok(())
}

pub(super) struct Folder(OwnedFd);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = NO_FOLLOW_NO_WAIT | OFlags::DIRECTORY | OFlags::RDONLY;
        let folder = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        check(&folder.metadata()?, Metadata::is_dir)?;
        Ok(Self(folder.into()))
    }

    pub(super) fn open_file(&self, name: &str) -> io::Result<(File, Metadata)> {
        self.checked(name, OFlags::RDONLY)
    }

    pub(super) fn open_lock(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE;
        self.checked(name, flags).map(|(file, _)| file)
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// What is in it; what cannot be read is left out.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Ok(found) = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let seconds = found.st_mtime.try_into().unwrap_or_default();
            let nanoseconds = found.st_mtime_nsec.try_into().unwrap_or_default();
            entries.push(Entry {
                modified: Duration::new(seconds, nanoseconds),
                size: found.st_size.try_into().unwrap_or_default(),
                name: OsStr::from_bytes(name.to_bytes()).to_owned(),
                is_file: FileType::from_raw_mode(found.st_mode) == FileType::RegularFile,
            });
        }
        entries
    }

    fn checked(&self, name: &str, flags: OFlags) -> io::Result<(File, Metadata)> {
        let mode = Mode::RUSR | Mode::WUSR;
        let file = File::from(openat(&self.0, name, flags | NO_FOLLOW_NO_WAIT, mode)?);
        let metadata = file.metadata()?;
        check(&metadata, Metadata::is_file)?;
        Ok((file, metadata))
    }
}

fn check(metadata: &Metadata, is_kind: fn(&Metadata) -> bool) -> io::Result<()> {
    let user = user::id();
    let ours = metadata.uid() == user && user != UNKNOWN_USER;
    if is_kind(metadata) && ours && metadata.mode() & WRITABLE_BY_OTHERS == 0 {
        Ok(())
    } else {
        Err(io::Error::other("it is not this user's alone"))
    }
}
