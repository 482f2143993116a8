//! Who owns a store. Whoever can change it can put code into what this user builds, so a store that
//! other users may write, or that belongs to another user, is used only where the operator allows
//! it.
//!
//! On Windows the owner of a file is seldom its user, and who else may write it is in access lists
//! that can say anything. So there a store is used only below the profile of its user, whose access
//! list the system makes, and nobody can allow another one.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(unix)]
pub(super) use unix::{WRITABLE_BY_OTHERS, is_changed_by_no_other, may_be_replaced};

use std::path::Path;

use super::error::StoreError;

/// Whether a store that other users can change is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedStore {
    /// A store that another user could modify is rejected, because its contents end up in build
    /// outputs.
    Deny,
    /// Such a store is used: the operator trusts those users, or the store is only read. On Windows
    /// no store is.
    Allow,
}

/// Checks that a store may lie where this folder is, or would be made.
pub(super) fn check_place(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    system::check_place(folder, sharing)
}

/// Checks that a folder belongs to this user or to root, before anything in it is read.
pub(super) fn check_owner(path: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    system::check_owner(path, sharing)
}

/// Checks that no other user can change a store. It checks the store's folder and the folders
/// directly in it; this program makes the folders below those for this user alone.
pub(super) fn check(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    system::check(folder, sharing)
}

/// Makes the error name the owner, where the store is unusable because it belongs to another user.
pub(super) fn explain(folder: &Path, error: StoreError) -> StoreError {
    system::explain(folder, error)
}

/// Whether a folder belongs to another user, also to root.
pub(super) fn is_of_another(folder: &Path) -> bool {
    system::is_of_another(folder)
}

/// Whether no other user can replace what this user makes in a folder, or a folder on its path.
pub fn is_safe_for_a_store(folder: &Path) -> bool {
    system::is_safe_for_a_store(folder)
}
