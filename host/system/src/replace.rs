//! Gives a complete file its name.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::Path;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Renames a file; what has the new name already stays, and then this is
/// [`io::ErrorKind::AlreadyExists`].
///
/// # Errors
/// When something has that name, or the system does not rename it.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    system::rename_new(from, to)
}

/// Renames a file; another file that has the new name is replaced. On Windows one that somebody has
/// open is not, as a rule, and then [`is_in_use`] says so.
///
/// # Errors
/// When the system does not rename it.
pub fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    system::rename_over(from, to)
}

/// Whether an error may mean that somebody has the file open, or is about to remove it. Only on
/// Windows that hinders a rename or a removal; later it may succeed.
pub fn is_in_use(error: &io::Error) -> bool {
    system::is_in_use(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_new_name_replaces_nothing_unless_it_is_to() {
        let place = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| place.path().join(name));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        let error = rename_new(&from, &to).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(!is_in_use(&error));
        assert_eq!(fs::read_to_string(&to).unwrap(), "old");
        rename_over(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
        rename_new(&to, &from).unwrap();
        assert!(!to.exists());
        let missing = rename_over(&to, &from).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(!is_in_use(&missing));
    }

    #[test]
    fn paths_may_be_long() {
        let place = tempfile::tempdir().unwrap();
        let folder = (0..6).fold(place.path().to_owned(), |path, _| path.join("n".repeat(60)));
        fs::create_dir_all(&folder).unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.join(name));
        fs::write(&from, "").unwrap();
        rename_new(&from, &to).unwrap();
        rename_over(&to, &from).unwrap();
        assert!(from.exists());
    }
}
