//! Folders of the user's profile, which go finds by these variables alone.

use std::path::{Path, PathBuf};

use super::variable;

pub(super) const HOME: &str = "LocalAppData";

pub(super) const TEMPORARY: &str = "TMP";

pub(super) const CONFIG_PLACES: &[&str] = &["AppData"];

pub(super) const EXPANDED: &[char] = &['~', '$', '%'];

pub(super) fn cache_folder() -> Option<PathBuf> {
    variable(HOME).map(PathBuf::from)
}

pub(super) fn config_folder() -> Option<PathBuf> {
    variable("AppData").map(PathBuf::from)
}

/// Who may write a folder is said in its properties, and not in one command.
pub(super) fn or_close(_: &Path) -> String {
    String::new()
}
