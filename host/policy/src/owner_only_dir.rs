//! A folder whose files only this user can have written.
//!
//! On Unix the open folder is checked once, and its files are opened relative to it, so replacing
//! the folder later has no effect. A file is checked when it is open, too: it must be a regular file
//! of this user that no other user may write, and links are not followed. On Windows the folder must
//! be below the user's profile, which Windows keeps from other users.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cachewarden_types::since_1970;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// What a file counts at least, so that their number is bounded, too: 1,024 in a GiB.
const LEAST_WEIGHT: u64 = 1024 * 1024;

/// An open folder that only this user can change.
pub(super) struct OwnerOnlyDir {
    path: PathBuf,
    folder: system::Folder,
}

/// What the folder has under a name. The order is that of [`OwnerOnlyDir::shrink`].
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Since 1970.
    modified: Duration,
    size: u64,
    name: OsString,
    is_file: bool,
}

impl OwnerOnlyDir {
    /// Opens the folder, and checks that it is this user's alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            folder: system::Folder::open(path)?,
        })
    }

    /// Opens the folder as [`OwnerOnlyDir::open`] does; it is made where it is missing.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        system::make(path)?;
        Self::open(path)
    }

    /// Opens a file for reading.
    pub(super) fn open_file(&self, name: &str) -> io::Result<(File, Metadata)> {
        self.folder.open_file(name)
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
        self.folder.open_lock(name)
    }

    /// Replaces a file by a rename.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        // If the folder was replaced meanwhile, the file goes to where it is never loaded.
        let mut file = system::new_temporary(&self.path)?;
        for part in parts {
            file.write_all(part)?;
        }
        system::persist(file, &self.path.join(name))
    }

    /// Removes the file with this name.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(OsStr::new(name))
    }

    /// Removes files that were last modified before `then`. On Unix a process that has one open
    /// keeps it; on Windows such a file may stay until a later sweep.
    pub(super) fn sweep(&self, then: SystemTime) {
        let then = since_1970(then);
        for entry in self.folder.entries() {
            if entry.modified < then {
                // Another process may have removed it; and a folder was not made by this program.
                let _ = self.folder.remove(&entry.name);
            }
        }
    }

    /// Removes files until the others have at most `most` bytes, of which each counts at least
    /// [`LEAST_WEIGHT`]: first those that were modified
    /// longest ago, and never the one named `kept`.
    pub(super) fn shrink(&self, most: u64, kept: &str) {
        let mut files = self.folder.entries();
        // An empty file may be a lock, and frees nothing.
        files.retain(|file| file.is_file && file.size > 0);
        let weight = |size: u64| size.max(LEAST_WEIGHT);
        let mut sum: u64 = files.iter().map(|file| weight(file.size)).sum();
        files.sort();
        for file in files {
            if sum <= most {
                break;
            }
            if file.name != kept && self.folder.remove(&file.name).is_ok() {
                sum -= weight(file.size);
            }
        }
    }
}
