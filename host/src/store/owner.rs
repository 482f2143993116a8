//! Whose a store is. Who can change it can have any code built into what this user builds, so one that others may write,
//! or that belongs to somebody else, is used only where the operator says so.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::layout::{FOLDERS, StoreError};

/// Whether a store may be one that others can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// No: what it holds is used.
    Refused,
    /// Yes: the operator trusts them, or nothing but a look is taken.
    Allowed,
}

/// The administrator, who can change everything anyway.
const ROOT: u32 = 0;

/// Write permission for the group or for everybody. An access list that lets somebody write shows as the group's.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Sees that a folder is this user's or root's, before anything in it is looked at.
pub(super) fn check_owner(path: &Path, sharing: Sharing) -> Result<(), StoreError> {
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
pub(super) fn check(folder: &Path, sharing: Sharing) -> Result<(), StoreError> {
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

/// Whose a folder is; `None` where it is not there, or does not matter.
fn look(path: &Path, sharing: Sharing) -> Result<Option<(Whose, Metadata)>, StoreError> {
    if sharing == Sharing::Allowed {
        return Ok(None);
    }
    match fs::metadata(path) {
        Ok(metadata) => {
            let whose = whose(metadata.uid(), metadata.mode(), user());
            Ok(Some((whose, metadata)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(StoreError::Unusable {
            folder: path.to_owned(),
            reason,
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

#[cfg(test)]
mod tests {
    use super::*;

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
