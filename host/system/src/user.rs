//! The user of this process, and what the system lets them do.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::path::Path;

#[cfg(unix)]
use unix as system;
#[cfg(unix)]
pub use unix::id;
#[cfg(windows)]
use windows as system;

/// The number by which an entry knows the user who has put it. Windows has no such numbers, and a
/// store there is of one user alone: all of its entries have the same number.
pub fn number() -> u32 {
    system::number()
}

/// Whether the user may write a file or folder.
pub fn is_writable(path: &Path) -> bool {
    system::is_writable(path)
}

/// Whether the user may make files in a folder.
pub fn can_make_in(folder: &Path) -> bool {
    system::can_make_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_folder_is_writable_and_a_missing_one_is_not() {
        let place = tempfile::tempdir().unwrap();
        let file = tempfile::NamedTempFile::new_in(place.path()).unwrap();
        assert!(is_writable(place.path()));
        assert!(is_writable(file.path()));
        assert!(can_make_in(place.path()));
        let missing = place.path().join("missing");
        assert!(!is_writable(&missing));
        assert!(!can_make_in(&missing));
    }
}
