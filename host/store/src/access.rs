//! Whose a file is, and who may do what with it, as far as the system says it.
//!
//! On Unix a file's owner and its mode say so, and this program sets the mode of what it makes. On
//! Windows an access list does, which each file gets from the folder that it is made in. This
//! program reads and makes no such lists: a store there has to lie below the profile of its user
//! ([`owner`](super::owner)), whose list lets in that user and administrators alone.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(unix)]
pub(super) use unix::mode;

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use cachewarden_system::file_status::{Status, behind};
use tempfile::Builder;

/// Whether only this user and root can change a file.
pub(super) fn is_changed_by_no_other(status: &Status) -> bool {
    system::is_changed_by_no_other(status)
}

/// Whether a file in a store is one of this user's. In a shared store others may write theirs.
pub(super) fn is_own(metadata: &Metadata) -> bool {
    system::is_own(metadata)
}

/// The same, of an open file.
pub(super) fn has_opened_own(status: &Status) -> bool {
    system::has_opened_own(status)
}

/// Whether an entry with this number of a user may be sent in this user's name: this user has put it,
/// or another machine has sent it.
pub(super) fn may_send(user: u32) -> bool {
    system::may_send(user)
}

/// Whether this is a folder of this user that no other user can read or change.
pub(super) fn is_private_dir(folder: &Path) -> bool {
    system::is_private_dir(folder)
}

/// What makes folders for this user alone.
pub(super) fn private_folders() -> DirBuilder {
    system::private_folders()
}

/// The name of this user's private folder below the folder for temporary files.
pub(super) fn private_folder_name() -> String {
    system::private_folder_name()
}

/// Gives a file this mode where it is created by these options and the system has modes.
pub(super) fn set_mode(options: &mut OpenOptions, mode: u32) {
    system::set_mode(options, mode);
}

/// The same for a temporary file.
pub(super) fn set_mode_of_temporary(builder: &mut Builder<'_, '_>, mode: u32) {
    system::set_mode_of_temporary(builder, mode);
}

/// Whether this user may list a folder and look up what is in it.
pub(super) fn is_listable(folder: &Path) -> bool {
    system::is_listable(folder)
}

/// Whether two paths lead to the same folder.
pub(super) fn is_same_folder(one: &Path, other: &Path) -> bool {
    matches!((behind(one), behind(other)), (Ok(one), Ok(other)) if one.id == other.id)
}

/// Whether a file can be run as a program.
pub(super) fn is_program(path: &Path) -> io::Result<bool> {
    system::is_program(path)
}

/// Lets a file be run as a program.
pub(super) fn make_program(path: &Path) -> io::Result<()> {
    system::make_program(path)
}

/// Fails where the system would not run a file that can be run as a program.
pub(super) fn check_program_runs(path: &Path) -> io::Result<()> {
    system::check_program_runs(path)
}

/// Whether an error means that this process cannot change the store at all, or that its file system
/// has no locks: then the store is only read.
pub(super) fn is_read_only_error(error: &io::Error) -> bool {
    system::is_read_only_error(error)
}
