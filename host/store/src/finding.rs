//! What `verify` found: which file, what is wrong with it, and whether it was removed.

use std::fmt;
use std::fs::FileType;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use cachewarden_types::Digest;

/// A file or folder in a store that is not as it should be.
#[derive(Debug)]
pub struct Finding {
    /// The path of the file or folder.
    pub path: PathBuf,
    /// The problem with it.
    pub problem: Problem,
    /// What was done about it.
    pub repair: Repair,
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum Problem {
    /// An object has other bytes than it was named by.
    #[error("damaged object: its {size} bytes hash to {found}")]
    OtherBytes {
        /// Bytes that it has.
        size: u64,
        /// What they hash to.
        found: Digest,
    },
    /// An entry is cut short, or no line of this layout.
    #[error("damaged entry: it is not one line of this layout")]
    NoLine,
    /// A file of records of witnesses is cut short, or has lines of no layout.
    #[error("damaged records of witnesses: they are not lines of this layout")]
    NoRecords,
    /// An entry names an object that is not there.
    #[error("missing object: it names {0}, which is not there")]
    MissingObject(Digest),
    /// An entry names an object that is damaged.
    #[error("damaged object: it names {0}")]
    DamagedObject(Digest),
    /// An entry says another size than its object has.
    #[error("damaged entry: it says {said} bytes, and its object {object} has {found}")]
    OtherSize {
        /// The object.
        object: Digest,
        /// The size that the entry says.
        said: u64,
        /// The size of the object.
        found: u64,
    },
    /// Something else stands in the place of a file or a folder of the store.
    #[error("it is {found}, and should be {expected}")]
    Displaced {
        /// What it is.
        found: FileKind,
        /// What should be there.
        expected: FileKind,
    },
    /// The system does not let it be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// Nothing that this program makes.
    #[error("it is no part of the store; left alone")]
    UnknownFile,
}

impl Problem {
    /// Whether removing the file repairs the store. A file that cannot be read may be undamaged,
    /// and a folder may hold a user's files.
    pub(super) fn is_repaired_by_removal(&self) -> bool {
        match self {
            Self::OtherBytes { .. }
            | Self::NoLine
            | Self::NoRecords
            | Self::MissingObject(_)
            | Self::DamagedObject(_)
            | Self::OtherSize { .. } => true,
            Self::Displaced { found, expected } => {
                *expected == FileKind::File && *found != FileKind::Folder
            }
            Self::Unreadable(_) | Self::UnknownFile => false,
        }
    }
}

/// What was done about a problem.
#[derive(Debug)]
pub enum Repair {
    /// Nothing: no repair was asked for, or removing the file would not help.
    None,
    /// The file is gone.
    Removed,
    /// The system did not let it be removed.
    Failed(io::Error),
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.problem)?;
        match &self.repair {
            Repair::None => Ok(()),
            Repair::Removed => formatter.write_str("; removed"),
            Repair::Failed(error) => write!(formatter, "; cannot be removed: {error}"),
        }
    }
}

/// What kind of file a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device.
    Device,
}

impl From<FileType> for FileKind {
    fn from(kind: FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Link
        } else {
            other_kind(kind)
        }
    }
}

#[cfg(unix)]
fn other_kind(kind: FileType) -> FileKind {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        FileKind::Pipe
    } else if kind.is_socket() {
        FileKind::Socket
    } else {
        FileKind::Device
    }
}

/// Pipes have no names in folders there.
#[cfg(windows)]
fn other_kind(_: FileType) -> FileKind {
    FileKind::Device
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a link",
            Self::Pipe => "a pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
        })
    }
}
