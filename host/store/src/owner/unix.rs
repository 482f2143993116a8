//! By owner and mode.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cachewarden_system::user::id as user;
use rustix::fs::{Access, access};

use super::SharedStore;
use crate::error::StoreError;
use crate::layout::FOLDERS;
use crate::resolve::resolve_folder;

/// The administrator can change every store anyway.
const ROOT: u32 = 0;

/// Write permission for the group or for everybody. An access control list that lets another user
/// write shows as the group's permission.
pub(crate) const WRITABLE_BY_OTHERS: u32 = 0o022;

/// In a folder with this bit, only the owner of a file and the owner of the folder may remove or
/// rename the file.
const STICKY: u32 = 0o1000;

pub(super) fn check_place(_: &Path, _: SharedStore) -> Result<(), StoreError> {
    // Whose it is counts, wherever it is.
    Ok(())
}

pub(super) fn check_owner(path: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    match ownership_of(path, sharing)? {
        Some((Ownership::Foreign, metadata)) => Err(StoreError::Foreign {
            path: path.to_owned(),
            owner: metadata.uid(),
            user: user(),
        }),
        _ => Ok(()),
    }
}

pub(super) fn check(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    let inside = FOLDERS.iter().map(|name| folder.join(name));
    for path in std::iter::once(folder.to_owned()).chain(inside) {
        check_owner(&path, sharing)?;
        if let Some((Ownership::WritableByOthers, metadata)) = ownership_of(&path, sharing)? {
            return Err(StoreError::Writable {
                path,
                folder: folder.to_owned(),
                mode: metadata.mode() & 0o7777,
            });
        }
    }
    Ok(())
}

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

pub(super) fn is_of_another(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| metadata.uid() != user())
}

pub(super) fn is_safe_for_a_store(folder: &Path) -> bool {
    resolve_folder(folder, SharedStore::Deny)
        .and_then(|real| fs::metadata(real).ok())
        .is_some_and(|real| !may_replace_ours(&real))
}

/// Whether only this user and root can change a file of `owner` with these permissions.
pub(crate) fn is_changed_by_no_other(owner: u32, mode: u32) -> bool {
    ownership(owner, mode, user()) == Ownership::Private
}

/// Whether another user can replace `held`, a file or folder in `folder`.
pub(crate) fn may_be_replaced(folder: &Metadata, held: &Metadata) -> bool {
    let (owner, mode) = (folder.uid(), folder.mode());
    is_replaceable(owner, mode, held.uid(), user())
}

/// Whether another user can replace what this user makes in a folder.
fn may_replace_ours(folder: &Metadata) -> bool {
    is_replaceable(folder.uid(), folder.mode(), user(), user())
}

/// Who can change a folder; `None` where it does not exist, or a shared store is allowed.
fn ownership_of(
    path: &Path,
    sharing: SharedStore,
) -> Result<Option<(Ownership, Metadata)>, StoreError> {
    if sharing == SharedStore::Allow {
        return Ok(None);
    }
    match fs::metadata(path) {
        Ok(metadata) => {
            let ownership = ownership(metadata.uid(), metadata.mode(), user());
            Ok(Some((ownership, metadata)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Unusable {
            folder: path.to_owned(),
            source,
        }),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ownership {
    Private,
    Foreign,
    WritableByOthers,
}

/// Who can change a file or folder of `owner` with these permissions, seen from `user`.
fn ownership(owner: u32, mode: u32, user: u32) -> Ownership {
    if owner != user && owner != ROOT {
        Ownership::Foreign
    } else if mode & WRITABLE_BY_OTHERS != 0 {
        Ownership::WritableByOthers
    } else {
        Ownership::Private
    }
}

/// Whether another user can replace a file of `held_by` in a folder of `owner` with these
/// permissions, seen from `user`.
fn is_replaceable(owner: u32, mode: u32, held_by: u32, user: u32) -> bool {
    let is_other = |owner| owner != user && owner != ROOT;
    match ownership(owner, mode, user) {
        Ownership::Private => false,
        Ownership::WritableByOthers => mode & STICKY == 0 || is_other(held_by),
        Ownership::Foreign => true,
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
            (1000, 0o40700, 1000, Ownership::Private),
            (1000, 0o40755, 1000, Ownership::Private),
            (1000, 0o40500, 1000, Ownership::Private),
            // What the administrator made for everybody to read.
            (ROOT, 0o40755, 1000, Ownership::Private),
            (1000, 0o40700, ROOT, Ownership::Foreign),
            (1000, 0o40700, 1001, Ownership::Foreign),
            (1000, 0o40775, 1000, Ownership::WritableByOthers),
            (ROOT, 0o41777, 1000, Ownership::WritableByOthers),
            (ROOT, 0o42770, ROOT, Ownership::WritableByOthers),
        ] {
            assert_eq!(
                ownership(owner, mode, user),
                expected,
                "{owner} {mode:o} {user}"
            );
        }
    }
}
