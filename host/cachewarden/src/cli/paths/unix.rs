//! Folders below HOME.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::variable;

pub(super) const HOME: &str = "HOME";

pub(super) const TEMPORARY: &str = "TMPDIR";

pub(super) const CONFIG_PLACES: &[&str] = &["XDG_CONFIG_HOME", "HOME"];

pub(super) const EXPANDED: &[char] = &['~', '$'];

/// That of the list of users is not meant where somebody has emptied the environment.
pub(super) fn cache_folder() -> Option<PathBuf> {
    let has_folder = variable("HOME").is_some()
        || variable("XDG_CACHE_HOME").is_some_and(|folder| Path::new(&folder).is_absolute());
    let strategy = etcetera::base_strategy::choose_native_strategy().ok();
    Some(strategy.filter(|_| has_folder)?.cache_dir())
}

/// Without HOME it has none, and looks for none.
pub(super) fn config_folder() -> Option<PathBuf> {
    let home = || variable("HOME").map(PathBuf::from);
    match variable("XDG_CONFIG_HOME") {
        _ if cfg!(target_os = "macos") => Some(home()?.join("Library/Application Support")),
        Some(folder) => Some(folder.into()),
        None => Some(home()?.join(".config")),
    }
}

pub(super) fn or_close(folder: &Path) -> String {
    format!(", or: chmod go-w '{}'", folder.display())
}
