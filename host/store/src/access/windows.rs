//! By place: what lies below the user's profile is this user's alone.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use cachewarden_system::file_status::Status;
use cachewarden_system::profile::is_in_profile;
use tempfile::Builder;

// A store elsewhere than in the profile was refused, so its files are this user's.

pub(super) fn is_changed_by_no_other(_: &Status) -> bool {
    true
}

pub(super) fn is_own(_: &Metadata) -> bool {
    true
}

pub(super) fn has_opened_own(_: &Status) -> bool {
    true
}

pub(super) fn may_send(_: u32) -> bool {
    true
}

pub(super) fn is_private_dir(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) && is_in_profile(folder)
}

pub(super) fn private_folders() -> DirBuilder {
    DirBuilder::new()
}

pub(super) fn private_folder_name() -> String {
    // The folder for temporary files is in the profile, so users do not meet there.
    "cachewarden".to_owned()
}

pub(super) fn set_mode(_: &mut OpenOptions, _: u32) {}

pub(super) fn set_mode_of_temporary(_: &mut Builder<'_, '_>, _: u32) {}

pub(super) fn is_listable(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok()
}

pub(super) fn is_program(path: &Path) -> io::Result<bool> {
    // Any file can be run, if it is there.
    fs::symlink_metadata(path).map(|_| true)
}

pub(super) fn make_program(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn check_program_runs(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn is_read_only_error(error: &io::Error) -> bool {
    // Not "access is denied": that is also said of a file which is about to vanish.
    use io::ErrorKind::{ReadOnlyFilesystem, Unsupported};
    matches!(error.kind(), ReadOnlyFilesystem | Unsupported)
}
