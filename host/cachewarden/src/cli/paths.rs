//! Paths that a person wrote, and the folders that the platform has.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cachewarden_policy_host::pin;
use cachewarden_store::{SharedStore, is_safe_for_a_store};
use cachewarden_system::user::can_make_in;
use cachewarden_types::Code;

use super::failure::{Failure, OrFail, ensure};
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The store's folder, within another one.
const STORE: &str = "cachewarden";

/// The variable that says where a user's own folders are.
pub(super) const HOME: &str = system::HOME;

/// The variable that says where temporary files are.
pub(super) const TEMPORARY: &str = system::TEMPORARY;

/// The variables that say where a user's configuration is.
pub(super) const CONFIG_PLACES: &[&str] = system::CONFIG_PLACES;

/// The user's cache folder, as the platform has it. As for go, without its variable there is none.
pub(super) fn user_cache_folder() -> Result<PathBuf, Failure> {
    let folder = system::cache_folder().or_fail(Code::NoFolder, || {
        format!("no home folder is known ({HOME} is not set), and GOCACHE names no folder either; name the store's folder with --dir")
    })?;
    ensure(folder.is_absolute(), Code::NoFolder, || {
        format!("the home folder is no absolute path ({HOME}); name the store's folder with --dir")
    })?;
    Ok(folder)
}

/// What Go calls the user's configuration folder.
pub(super) fn user_config_folder() -> Option<PathBuf> {
    system::config_folder()
}

/// The store's folder where none is named: in the user's cache folder, or in $GOCACHE where that
/// one cannot be made. The second is for a container whose user has no home.
pub(super) fn default_store(sharing: SharedStore) -> Result<PathBuf, Failure> {
    let of_user = user_cache_folder().map(|folder| folder.join(STORE));
    match (of_user, gocache()) {
        (Ok(of_user), Some(of_go)) if !can_be_made(&of_user) && can_be_made(&of_go.join(STORE)) => {
            store_in_gocache(&of_go, sharing)
        }
        (Ok(of_user), _) => Ok(of_user),
        (Err(_), Some(of_go)) => store_in_gocache(&of_go, sharing),
        (Err(failure), None) => Err(failure),
    }
}

/// The store in a folder that was made for something else: only where nobody else can put another
/// store in its place.
fn store_in_gocache(gocache: &Path, sharing: SharedStore) -> Result<PathBuf, Failure> {
    let there = gocache.ancestors().find(|folder| folder.exists());
    let is_safe = sharing == SharedStore::Allow || there.is_some_and(is_safe_for_a_store);
    ensure(is_safe, Code::NoFolder, || {
        format!(
            "no home folder can be used, and others can replace what lies in {} (GOCACHE), so no store is made there; name the store's folder with --dir{}",
            gocache.display(),
            system::or_close(gocache)
        )
    })?;
    Ok(gocache.join(STORE))
}

/// Whether a folder is there, or this user may make it.
fn can_be_made(folder: &Path) -> bool {
    let mut there = folder.ancestors().filter(|folder| folder.exists());
    match there.next() {
        Some(found) if found == folder => true,
        Some(found) => can_make_in(found),
        None => false,
    }
}

/// An environment variable. An empty one counts as one that is not set, as it does for go.
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// $GOCACHE as cmd/go exports it to its helper.
pub(super) fn gocache() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("GOCACHE")?);
    path.is_absolute().then_some(path)
}

/// Where this user's go commands make their work folders, as cmd/go chooses it.
pub(super) fn work_folders() -> PathBuf {
    variable("GOTMPDIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

/// A path that a person can read from anywhere.
pub(super) fn shown(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}

/// A helper's path must be absolute, as cmd/go demands of GOCACHE: go runs helpers in several
/// folders, of which a pull request owns some.
///
/// # Errors
/// Where it is not, with the path to type.
pub(super) fn absolute_in_helper_mode(option: &str, path: &Path) -> Result<(), Failure> {
    if path.is_absolute() {
        return Ok(());
    }
    check_spelling(option, path)?;
    Err(Failure::new(
        Code::RelativePath,
        format!(
            "{} is a relative path, and go starts its helper in many folders. Type the absolute one, for instance {}{}",
            typed(option, path),
            mark(option),
            shown(path)
        ),
    ))
}

/// Refuses what is no path to this program: `~` and `$HOME` are for a shell to expand, which nobody
/// is in GOCACHEPROG, in a YAML file or within quotes; a URL is for a program that fetches.
///
/// # Errors
/// Where a path begins so, with what to type.
pub(super) fn check_spelling(option: &str, path: &Path) -> Result<(), Failure> {
    let failure = |text| Err(Failure::new(Code::PathSpelling, text));
    if let Some(scheme) = path.to_str().and_then(pin::scheme) {
        return failure(format!(
            "{}: this is a URL ({scheme}://), and cachewarden fetches nothing. Name a path of this machine",
            typed(option, path)
        ));
    }
    let mut parts = path.iter();
    let first = parts.next().and_then(OsStr::to_str).unwrap_or_default();
    if !first.starts_with(system::EXPANDED) {
        return Ok(());
    }
    let home = std::env::var_os("HOME").filter(|home| Path::new(home).is_absolute());
    let absolute = match (first, home) {
        ("~" | "$HOME" | "${HOME}", Some(home)) => {
            let path = Path::new(&home).join(parts.as_path());
            format!(", for instance {}{}", mark(option), path.display())
        }
        _ => String::new(),
    };
    failure(format!(
        "{}: `{first}` is for a shell to expand, and no shell has seen it here. Type the absolute path{absolute}",
        typed(option, path)
    ))
}

/// An option and its path, as they were typed.
fn typed(option: &str, path: &Path) -> String {
    let space = match mark(option).is_empty() {
        true => " ",
        false => "",
    };
    format!("{option}{space}{}", path.display())
}

/// What stands before a path in the value of an option: `@` where that may also be a text.
fn mark(option: &str) -> &'static str {
    match option.ends_with('@') {
        true => "@",
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_file_is_kept() {
        let path = Path::new("s.json");
        let failure = absolute_in_helper_mode("--settings @", path).unwrap_err();
        let text = failure.text();
        assert!(text.starts_with("--settings @s.json is"), "{text}");
        let absolute = format!("for instance @{}", shown(path));
        assert!(text.ends_with(&absolute), "{text}");
    }

    #[test]
    fn only_absolute_paths_mean_the_same_everywhere() {
        let refusal = |path: &str| {
            absolute_in_helper_mode("--dir", Path::new(path))
                .map_err(|error| error.text().to_owned())
        };
        assert_eq!(refusal(&shown(Path::new("/store"))), Ok(()));
        for path in ["store", "./store", "../store", ""] {
            let text = refusal(path).unwrap_err();
            assert!(text.contains("relative path"), "{path}: {text}");
        }
        for path in ["s3://bucket", "file:///store"] {
            let text = refusal(path).unwrap_err();
            assert!(text.contains("URL"), "{path}: {text}");
        }
        for path in ["~", "~/store", "~other/store", "$HOME/store", "${HOME}/x"] {
            let text = refusal(path).unwrap_err();
            assert!(text.contains("shell"), "{path}: {text}");
        }
    }
}
