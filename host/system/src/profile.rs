//! Whether a place is the user's own, on Windows: what lies below the user's profile is kept from
//! other users by the access list that Windows gives the profile.
//!
//! The profile is that of the user whose token this process has. The variable `USERPROFILE` is not
//! asked: whoever sets it would choose which folder counts.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Component, Path, PathBuf, Prefix};
use std::ptr;

use windows_sys::Win32::Security::TOKEN_QUERY;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::Win32::UI::Shell::GetUserProfileDirectoryW;

use crate::windows::done;

/// Whether a folder, which need not exist, is below the profile of this user, wherever links on the
/// path lead.
pub fn is_in_profile(folder: &Path) -> bool {
    let profile = profile().ok().and_then(|profile| resolve(&profile));
    let folder = std::path::absolute(folder).ok();
    let folder = folder.and_then(|folder| resolve(&folder));
    matches!((profile, folder), (Some(profile), Some(folder)) if is_below(&folder, &profile))
}

/// The profile of the user whose process this is.
fn profile() -> io::Result<PathBuf> {
    let mut token = ptr::null_mut();
    // SAFETY: the process is this one, and `token` is what is filled.
    done(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: the handle is new, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let mut length = 0;
    // SAFETY: the handle is open. Without a buffer this fails, and says how long one must be.
    unsafe {
        GetUserProfileDirectoryW(token.as_raw_handle(), ptr::null_mut(), &raw mut length);
    }
    let mut path = vec![0; length as usize];
    // SAFETY: the handle is open, and the buffer has the length that is said.
    done(unsafe {
        GetUserProfileDirectoryW(token.as_raw_handle(), path.as_mut_ptr(), &raw mut length)
    })?;
    // It ends with a null.
    let end = path.iter().position(|unit| *unit == 0);
    Ok(OsString::from_wide(&path[..end.unwrap_or(path.len())]).into())
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

/// Where other letters than those of ASCII differ in case, the paths count as different: the place
/// is refused then, and never used by mistake.
fn is_same_name(one: &OsStr, other: &OsStr) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::process::Command;

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
        let profile = profile().unwrap();
        assert!(is_in_profile(&profile.join(r"nothing\at\all")));
        assert!(!is_in_profile(&profile.join(r"..\nothing")));
        assert!(!is_in_profile(Path::new(r"C:\windows\nothing")));
        assert!(!is_in_profile(&profile));
    }

    /// The test above, in a process whose variable names a folder that it expects not to be one.
    #[test]
    fn whoever_sets_the_variable_does_not_choose_the_profile() {
        let name = "profile::tests::a_place_that_does_not_exist_yet_counts_by_the_folder_above";
        let mut again = Command::new(env::current_exe().unwrap());
        again
            .args(["--exact", name])
            .env("USERPROFILE", r"C:\windows");
        let output = again.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("1 passed"), "{said}");
    }
}
