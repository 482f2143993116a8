//! By owner and mode.

use std::fs::{self, DirBuilder, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use cachewarden_system::file_status::Status;
use cachewarden_system::user;
use rustix::fs::{Access, Mode, RawMode, access};
use tempfile::Builder;

use crate::entry::NO_USER;
use crate::objects::PROGRAM_MODE;
use crate::owner;

/// The mode of the folders that this program makes.
const FOLDER_MODE: u32 = 0o700;

/// Permissions as the system's calls have them: their type is another one on macOS.
pub(crate) const fn mode(bits: u32) -> Mode {
    Mode::from_bits_truncate(bits as RawMode)
}

pub(super) fn is_changed_by_no_other(status: &Status) -> bool {
    owner::is_changed_by_no_other(status.owner, status.mode)
}

pub(super) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == user::id()
}

pub(super) fn has_opened_own(status: &Status) -> bool {
    status.owner == user::id()
}

pub(super) fn may_send(user: u32) -> bool {
    [user::id(), NO_USER].contains(&user)
}

pub(super) fn is_private_dir(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|metadata| {
        metadata.is_dir() && is_own(&metadata) && metadata.permissions().mode() & 0o077 == 0
    })
}

pub(super) fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(FOLDER_MODE);
    builder
}

pub(super) fn private_folder_name() -> String {
    format!("cachewarden-{}", user::id())
}

pub(super) fn set_mode(options: &mut OpenOptions, mode: u32) {
    options.mode(mode);
}

pub(super) fn set_mode_of_temporary(builder: &mut Builder<'_, '_>, mode: u32) {
    builder.permissions(Permissions::from_mode(mode));
}

pub(super) fn is_listable(folder: &Path) -> bool {
    access(folder, Access::READ_OK | Access::EXEC_OK).is_ok()
}

pub(super) fn is_program(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o7777 == PROGRAM_MODE)
}

pub(super) fn make_program(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(PROGRAM_MODE))
}

/// Fails where the file system is mounted with `noexec`, whatever the mode.
pub(super) fn check_program_runs(path: &Path) -> io::Result<()> {
    Ok(access(path, Access::EXEC_OK)?)
}

pub(super) fn is_read_only_error(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(
        error.kind(),
        PermissionDenied | ReadOnlyFilesystem | Unsupported
    ) || rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::NOLCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_marked_counts_only_where_nothing_is_trimmed_either() {
        use io::ErrorKind::*;
        for (kind, is_kept) in [
            (PermissionDenied, true),
            (ReadOnlyFilesystem, true),
            (Unsupported, true),
            (NotFound, false),
            (TimedOut, false),
            (StorageFull, false),
        ] {
            assert_eq!(is_read_only_error(&kind.into()), is_kept, "{kind}");
        }
        let no_locks = io::Error::from(rustix::io::Errno::NOLCK);
        assert!(is_read_only_error(&no_locks));
    }
}
