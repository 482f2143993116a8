//! By place: below the user's profile.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf, Prefix};

use super::SharedStore;
use crate::error::StoreError;

pub(super) fn check_place(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    match sharing {
        SharedStore::Allow => Err(StoreError::NeverShared {
            folder: folder.to_owned(),
        }),
        SharedStore::Deny if is_in_profile(folder) => Ok(()),
        SharedStore::Deny => Err(StoreError::OutsideProfile {
            folder: folder.to_owned(),
        }),
    }
}

pub(super) fn check_owner(path: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    check_place(path, sharing)
}

pub(super) fn check(_: &Path, _: SharedStore) -> Result<(), StoreError> {
    // Its folders have the access list of the profile, as it has.
    Ok(())
}

pub(super) fn explain(_: &Path, error: StoreError) -> StoreError {
    error
}

pub(super) fn is_of_another(folder: &Path) -> bool {
    !is_in_profile(folder)
}

pub(super) fn is_safe_for_a_store(folder: &Path) -> bool {
    is_in_profile(folder)
}

/// Whether a folder, which need not exist, is below the profile of this user, wherever links on the
/// path lead.
pub(crate) fn is_in_profile(folder: &Path) -> bool {
    let profile = env::home_dir().and_then(|profile| resolve(&profile));
    let folder = std::path::absolute(folder).ok();
    let folder = folder.and_then(|folder| resolve(&folder));
    matches!((profile, folder), (Some(profile), Some(folder)) if is_below(&folder, &profile))
}

/// Where a path leads, as far as that exists. `None` where a link leads nowhere.
fn resolve(path: &Path) -> Option<PathBuf> {
    for existing in path.ancestors() {
        if let Ok(real) = fs::canonicalize(existing) {
            return Some(real.join(path.strip_prefix(existing).ok()?));
        }
        // It is not there, or its path is too long for this call.
        if fs::symlink_metadata(existing).is_ok_and(|found| found.is_symlink()) {
            return None;
        }
    }
    None
}

/// Whether an absolute path is below another one. Windows looks up names whatever their case.
fn is_below(path: &Path, folder: &Path) -> bool {
    let mut names = path.components();
    let begins = folder
        .components()
        .all(|step| names.next().is_some_and(|other| is_same(step, other)));
    begins && names.next().is_some()
}

fn is_same(one: Component<'_>, other: Component<'_>) -> bool {
    match (drive(one), drive(other)) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other),
        _ => is_same_name(one.as_os_str(), other.as_os_str()),
    }
}

/// The drive that a path begins with, `C:` or `\\?\C:`.
fn drive(step: Component<'_>) -> Option<u8> {
    let Component::Prefix(prefix) = step else {
        return None;
    };
    match prefix.kind() {
        Prefix::Disk(drive) | Prefix::VerbatimDisk(drive) => Some(drive),
        _ => None,
    }
}

/// Where other letters than those of ASCII differ in case, the paths count as different: the store
/// is refused then, and never used by mistake.
fn is_same_name(one: &OsStr, other: &OsStr) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_folder_is_what_begins_with_all_of_its_names() {
        for (path, expected) in [
            (r"C:\Users\me\AppData\Local\store", true),
            (r"c:\users\ME\store", true),
            (r"\\?\C:\Users\me\store", true),
            (r"C:\Users\me", false),
            (r"C:\Users\me-too\store", false),
            (r"C:\Users\you\store", false),
            (r"D:\Users\me\store", false),
            (r"\\server\Users\me\store", false),
        ] {
            let found = is_below(Path::new(path), Path::new(r"C:\Users\me"));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn a_place_that_does_not_exist_yet_counts_by_the_folder_above() {
        let profile = env::home_dir().unwrap();
        assert!(is_in_profile(&profile.join(r"nothing\at\all")));
        assert!(!is_in_profile(&profile.join(r"..\nothing")));
        assert!(!is_in_profile(Path::new(r"C:\windows\nothing")));
        assert!(!is_in_profile(&profile));
    }

    #[test]
    fn no_store_is_shared() {
        let folder = env::home_dir().unwrap().join("store");
        let refused = check_place(&folder, SharedStore::Allow).unwrap_err();
        assert!(matches!(refused, StoreError::NeverShared { .. }));
        check_place(&folder, SharedStore::Deny).unwrap();
        let outside = check_place(Path::new(r"C:\store"), SharedStore::Deny).unwrap_err();
        assert!(matches!(outside, StoreError::OutsideProfile { .. }));
    }
}
