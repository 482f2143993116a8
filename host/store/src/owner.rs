//! Whose a store is. Who can change it can have any code built into what this user builds, so one that others may write,
//! or that belongs to somebody else, is used only where the operator says so.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};

use super::error::StoreError;
use super::layout::FOLDERS;

/// Whether a store may be one that others can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedStore {
    /// A store that another user could modify is rejected, because its contents end up in build outputs.
    Deny,
    /// It is used all the same: the operator trusts those users, or the store is only looked at.
    Allow,
}

/// The administrator, who can change everything anyway.
const ROOT: u32 = 0;

/// Write permission for the group or for everybody. An access list that lets somebody write shows as the group's.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// In such a folder only their owners, and the folder's, may remove or rename what is in it.
const STICKY: u32 = 0o1000;

/// Sees that a folder is this user's or root's, before anything in it is looked at.
pub(super) fn check_owner(path: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    match look(path, sharing)? {
        Some((Whose::Theirs, metadata)) => Err(StoreError::Foreign {
            path: path.to_owned(),
            owner: metadata.uid(),
            user: user(),
        }),
        _ => Ok(()),
    }
}

/// Sees that nobody but this user can change a store. Looked at are the folder and those in it that hold everything; this
/// program makes all others for this user alone.
pub(super) fn check(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    let inside = FOLDERS.iter().map(|name| folder.join(name));
    for path in std::iter::once(folder.to_owned()).chain(inside) {
        check_owner(&path, sharing)?;
        if let Some((Whose::Everybodys, metadata)) = look(&path, sharing)? {
            return Err(StoreError::Writable {
                path,
                folder: folder.to_owned(),
                mode: metadata.mode() & 0o7777,
            });
        }
    }
    Ok(())
}

/// Says whose a store is, where that is why it cannot be used.
pub(super) fn explain(folder: &Path, error: StoreError) -> StoreError {
    let StoreError::Unusable { source, .. } = &error else {
        return error;
    };
    let Ok(owner) = fs::metadata(folder).map(|metadata| metadata.uid()) else {
        return error;
    };
    let is_closed = source.kind() == io::ErrorKind::PermissionDenied
        && owner != user()
        && access(folder, Access::READ_OK | Access::EXEC_OK).is_err();
    match is_closed {
        false => error,
        true => StoreError::Closed {
            folder: folder.to_owned(),
            owner,
            user: user(),
        },
    }
}

/// Whether a folder is somebody else's, root's too.
pub(super) fn is_of_another(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| metadata.uid() != user())
}

/// Whether somebody else can put another thing in the place of what a folder holds.
pub(super) fn may_be_replaced(folder: &Metadata, held: &Metadata) -> bool {
    let (owner, mode) = (folder.uid(), folder.mode());
    is_replaceable(owner, mode, held.uid(), user())
}

/// Whether somebody else can put another thing in the place of what this user makes in a folder.
pub(super) fn may_replace_ours(folder: &Metadata) -> bool {
    is_replaceable(folder.uid(), folder.mode(), user(), user())
}

/// Whose a folder is; `None` where it is not there, or does not matter.
fn look(path: &Path, sharing: SharedStore) -> Result<Option<(Whose, Metadata)>, StoreError> {
    if sharing == SharedStore::Allow {
        return Ok(None);
    }
    match fs::metadata(path) {
        Ok(metadata) => {
            let whose = whose(metadata.uid(), metadata.mode(), user());
            Ok(Some((whose, metadata)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Unusable {
            folder: path.to_owned(),
            source,
        }),
    }
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
    Everybodys,
}

/// Who can change a folder of `owner` with these permissions, as `user` sees it.
fn whose(owner: u32, mode: u32, user: u32) -> Whose {
    if owner != user && owner != ROOT {
        Whose::Theirs
    } else if mode & WRITABLE_BY_OTHERS != 0 {
        Whose::Everybodys
    } else {
        Whose::Ours
    }
}

/// Whether others can replace what `held_by` owns in a folder of `owner` with these permissions, as `user` sees it.
fn is_replaceable(owner: u32, mode: u32, held_by: u32, user: u32) -> bool {
    let is_other = |owner| owner != user && owner != ROOT;
    match whose(owner, mode, user) {
        Whose::Ours => false,
        Whose::Everybodys => mode & STICKY == 0 || is_other(held_by),
        Whose::Theirs => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_folder_holds_is_safe_if_only_we_and_root_can_replace_it() {
        for (owner, mode, held_by, expected) in [
            (1000, 0o40755, 1000, false),
            // In our folder, whoever owns the file.
            (1000, 0o40755, 1001, false),
            (ROOT, 0o40755, 1001, false),
            (1000, 0o40775, 1000, true),
            (ROOT, 0o40777, 1000, true),
            // As in /tmp.
            (ROOT, 0o41777, 1000, false),
            (ROOT, 0o41777, ROOT, false),
            (ROOT, 0o41777, 1001, true),
            (1001, 0o41777, 1000, true),
            (1001, 0o40755, 1000, true),
        ] {
            assert_eq!(
                is_replaceable(owner, mode, held_by, 1000),
                expected,
                "{owner} {mode:o} {held_by}"
            );
        }
    }

    #[test]
    fn a_folder_is_ours_if_nobody_but_us_and_root_can_change_it() {
        for (owner, mode, user, expected) in [
            (1000, 0o40700, 1000, Whose::Ours),
            (1000, 0o40755, 1000, Whose::Ours),
            (1000, 0o40500, 1000, Whose::Ours),
            // What the administrator made for everybody to read.
            (ROOT, 0o40755, 1000, Whose::Ours),
            (1000, 0o40700, ROOT, Whose::Theirs),
            (1000, 0o40700, 1001, Whose::Theirs),
            (1000, 0o40775, 1000, Whose::Everybodys),
            (ROOT, 0o41777, 1000, Whose::Everybodys),
            (ROOT, 0o42770, ROOT, Whose::Everybodys),
        ] {
            assert_eq!(
                whose(owner, mode, user),
                expected,
                "{owner} {mode:o} {user}"
            );
        }
    }
}
