//! By `stat`.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::Stat;

use super::{FileId, Kind, Status};

pub(super) fn of(file: &File) -> io::Result<Status> {
    Status::try_from(&file.metadata()?)
}

pub(super) fn at(path: &Path) -> io::Result<Status> {
    Status::try_from(&fs::symlink_metadata(path)?)
}

pub(super) fn behind(path: &Path) -> io::Result<Status> {
    Status::try_from(&fs::metadata(path)?)
}

impl TryFrom<&Metadata> for Status {
    type Error = io::Error;

    /// Fails where a time is none.
    fn try_from(found: &Metadata) -> io::Result<Self> {
        Ok(Self {
            modified: time(found.mtime(), found.mtime_nsec())?,
            changed: time(found.ctime(), found.ctime_nsec())?,
            size: found.len(),
            id: FileId::from(found),
            links: found.nlink(),
            kind: found.file_type().into(),
            owner: found.uid(),
            mode: found.mode(),
        })
    }
}

impl TryFrom<&Stat> for Status {
    type Error = io::Error;

    /// Fails where a time is none.
    fn try_from(found: &Stat) -> io::Result<Self> {
        Ok(Self {
            modified: time(found.st_mtime, found.st_mtime_nsec)?,
            changed: time(found.st_ctime, found.st_ctime_nsec)?,
            size: found.st_size.unsigned_abs(),
            id: FileId::from(found),
            links: links(found.st_nlink),
            kind: rustix::fs::FileType::from_raw_mode(found.st_mode).into(),
            owner: found.st_uid,
            mode: mode(found.st_mode),
        })
    }
}

impl From<&Metadata> for FileId {
    fn from(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            file: found.ino(),
        }
    }
}

impl From<&Stat> for FileId {
    fn from(found: &Stat) -> Self {
        Self {
            // Its type differs between systems.
            #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)]
            device: found.st_dev as u64,
            file: found.st_ino,
        }
    }
}

impl From<FileType> for Kind {
    fn from(found: FileType) -> Self {
        if found.is_file() {
            Self::File
        } else if found.is_dir() {
            Self::Folder
        } else if found.is_symlink() {
            Self::Link
        } else {
            Self::Other
        }
    }
}

impl From<rustix::fs::FileType> for Kind {
    fn from(found: rustix::fs::FileType) -> Self {
        use rustix::fs::FileType;
        match found {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

/// Converts the mode of a file, whose type differs between systems.
fn mode(mode: impl Into<u32>) -> u32 {
    mode.into()
}

/// Converts a number of names, whose type differs between systems.
fn links(links: impl Into<u64>) -> u64 {
    links.into()
}

/// Converts a time of the system.
fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> io::Result<SystemTime> {
    let since_epoch = Duration::new(seconds.unsigned_abs(), nanoseconds.try_into().unwrap_or(0));
    let time = match seconds >= 0 {
        true => SystemTime::UNIX_EPOCH.checked_add(since_epoch),
        false => SystemTime::UNIX_EPOCH.checked_sub(since_epoch),
    };
    time.ok_or_else(|| io::Error::other("its time is none"))
}
