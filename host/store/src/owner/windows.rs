//! By place: below the user's profile.

use std::path::Path;

use cachewarden_system::profile::is_in_profile;

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

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
