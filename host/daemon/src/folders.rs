//! The daemon's folders: made where they are missing, and used only where no other user can change
//! them.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use cachewarden_store::is_safe_for_a_store;
use cachewarden_system::user;
use cachewarden_types::{Code, Problem};

/// Jobs pass it on the way to their views, and cannot list it.
pub(crate) const PASSABLE: u32 = 0o711;

/// For the daemon alone.
pub(crate) const CLOSED: u32 = 0o700;

/// Write permission for the group or for everybody.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why a folder is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It cannot be made or read.
    #[error("the daemon's folder {} cannot be used", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It belongs to another user.
    #[error(
        "{} belongs to the user {owner}, and the daemon runs as {own}: start it as that user (User= of the unit, `runuser -u`)",
        folder.display()
    )]
    OfAnother {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// The daemon's user.
        own: u32,
    },
    /// Other users can change it.
    #[error(
        "other users can change {} or a folder on the path to it, so the daemon does not use it. It and each folder on its path must belong to the daemon's user or to root, and others may not write it: chmod go-w",
        .0.display()
    )]
    Replaceable(PathBuf),
}

impl Problem for FolderError {
    fn code(&self) -> Code {
        match self {
            Self::Unusable { .. } => Code::StoreUnusable,
            Self::OfAnother { .. } | Self::Replaceable(_) => Code::StoreWritableByOthers,
        }
    }
}

/// The user who may do everything anyway.
const ROOT: u32 = 0;

/// Whether a folder is there and belongs to this process's user.
pub(crate) fn is_own(folder: &Path) -> bool {
    let own = user::id();
    fs::metadata(folder).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == own)
}

/// Makes a folder with this mode where it is missing, and checks it where it is there. The operator
/// may have put a link in its place.
pub(crate) fn prepare(folder: &Path, mode: u32) -> Result<(), FolderError> {
    let unusable = |source| FolderError::Unusable {
        folder: folder.to_owned(),
        source,
    };
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unusable(error)),
        _ => {}
    }
    let metadata = fs::metadata(folder).map_err(unusable)?;
    if !metadata.is_dir() {
        return Err(unusable(io::ErrorKind::NotADirectory.into()));
    }
    let (owner, own) = (metadata.uid(), user::id());
    if owner != own && owner != ROOT {
        return Err(FolderError::OfAnother {
            folder: folder.to_owned(),
            owner,
            own,
        });
    }
    match is_safe_for_a_store(folder) && metadata.mode() & WRITABLE_BY_OTHERS == 0 {
        true => Ok(()),
        false => Err(FolderError::Replaceable(folder.to_owned())),
    }
}
