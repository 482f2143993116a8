//! By the ending of a file's name, which may be left out.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::cli::paths::variable;

/// What go takes for the endings of programs where PATHEXT is not set.
const ENDINGS: &str = ".com;.exe;.bat;.cmd";

/// A name that has an ending is that of a file; then all endings of PATHEXT are tried.
pub(super) fn program_at(path: &Path) -> Option<PathBuf> {
    if path.extension().is_some() && path.is_file() {
        return Some(path.to_owned());
    }
    let endings = variable("PATHEXT").unwrap_or_else(|| ENDINGS.into());
    let endings = endings.to_string_lossy().to_lowercase();
    let mut endings = endings.split(';').filter(|ending| !ending.is_empty());
    endings.find_map(|ending| {
        let mut name = path.as_os_str().to_owned();
        if !ending.starts_with('.') {
            name.push(".");
        }
        name.push(ending);
        Some(PathBuf::from(name)).filter(|path| path.is_file())
    })
}

/// Capitals and small letters are the same there.
pub(super) fn name(file: &OsStr) -> String {
    let name = file.to_string_lossy().to_lowercase();
    name.strip_suffix(".exe").unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_ending_may_be_left_out() {
        let place = tempfile::tempdir().unwrap();
        let program = place.path().join("helper.exe");
        fs::write(&program, "").unwrap();
        assert_eq!(program_at(&program), Some(program.clone()));
        assert_eq!(program_at(&place.path().join("helper")), Some(program));
        assert_eq!(program_at(&place.path().join("helper.txt")), None);
        assert_eq!(program_at(place.path()), None);
        assert_eq!(name("CacheWarden.EXE".as_ref()), "cachewarden");
    }
}
