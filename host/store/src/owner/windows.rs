//! By place: below the user's profile.

use std::path::Path;

use cachewarden_system::profile::is_in_profile;

use super::SharedStore;
use crate::error::StoreError;

/// Also where a shared store is allowed: whose the files of another place are is not known.
pub(super) fn check_place(folder: &Path, _: SharedStore) -> Result<(), StoreError> {
    match is_in_profile(folder) {
        true => Ok(()),
        false => Err(StoreError::OutsideProfile {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_profile_has_stores() {
        // Windows has it in the profile.
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("store");
        for sharing in [SharedStore::Deny, SharedStore::Allow] {
            check_place(&folder, sharing).unwrap();
            let outside = check_place(Path::new(r"C:\store"), sharing).unwrap_err();
            assert!(matches!(outside, StoreError::OutsideProfile { .. }));
        }
    }
}
