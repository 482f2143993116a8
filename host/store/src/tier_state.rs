//! What is kept on this machine about a tier, for whoever speaks with tiers: `tiers/<tier>/state`,
//! a few bytes, `tiers/<tier>/index-<name>`, a copy of a part of its index, and
//! `tiers/<tier>/ahead`, what was fetched from it before anybody has asked for it.
//!
//! What always holds: all of it may be removed at any time, and whoever reads it does not rely on
//! it. Only a file of this user is read, since others may write a shared store.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cachewarden_types::Digest;

use super::tier_damaged::DAMAGED;
use super::tier_id::{TierId, is_tier};
use super::tier_traffic::TRAFFIC;
use super::{Store, access, files, layout};

/// The most bytes of a state: a small object of JSON.
pub(super) const MAX_STATE: u64 = 4096;

/// The file with the state of a tier.
const STATE: &str = "state";

/// The file with what was fetched from a tier and not asked for yet.
const AHEAD: &str = "ahead";

/// The most bytes of the copies of one tier's index, the latest ones: twice what one session reads.
/// A tier that names other parts each time must not fill the disk.
const MAX_COPIES: u64 = 128 << 20;

/// What the name of a copy begins with.
const COPY: &str = "index-";

/// Whether a file in a tier's folder may have this name.
pub(super) fn is_known(name: &OsStr) -> bool {
    name == STATE || name == TRAFFIC || is_made_anew(name)
}

/// Whether a file has what can be fetched, or found out, again.
fn is_made_anew(name: &OsStr) -> bool {
    name == AHEAD || name == DAMAGED || is_copy(name)
}

fn is_copy(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(COPY));
    digits.is_some_and(|digits| Digest::from_hex(digits).is_some())
}

/// Removes the oldest copies in a tier's folder, until the others have at most so many bytes.
fn bound_copies(folder: &Path, most: u64) {
    let mut copies: Vec<_> = files::names_in(folder)
        .into_iter()
        .filter(|name| is_copy(name))
        .filter_map(|name| {
            let path = folder.join(name);
            let found = fs::symlink_metadata(&path).ok()?;
            Some((found.modified().ok()?, found.len(), path))
        })
        .collect();
    copies.sort_unstable_by(|one, other| other.cmp(one));
    let mut bytes = 0;
    for (_, length, path) in copies {
        bytes += length;
        if bytes > most {
            // Another session may have been faster.
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes what was kept in a tier's folder before a time: what is in use is fetched again.
pub(super) fn trim_copies(folder: &Path, before: SystemTime) {
    for name in files::names_in(folder) {
        let path = folder.join(&name);
        let made = fs::symlink_metadata(&path).and_then(|found| found.modified());
        if is_made_anew(&name) && made.is_ok_and(|made| made < before) {
            // Another trim may have been faster.
            let _ = fs::remove_file(path);
        }
    }
}

/// The folders of tiers in a store's folder.
pub(super) fn folders(store: &Path) -> Vec<PathBuf> {
    let folder = store.join(layout::TIERS);
    let mut names = files::names_in(&folder);
    names.retain(|name| is_tier(name));
    names.iter().map(|name| folder.join(name)).collect()
}

/// Reads a file of a tier's folder that this user has written.
pub(super) fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(most + 1).read_to_end(&mut bytes).ok()?;
    (read as u64 <= most).then_some(bytes)
}

fn open(path: &Path) -> Option<File> {
    let (file, status) = files::open_regular(path, false).ok()?;
    access::has_opened_own(&status).then_some(file)
}

/// Replaces a file of a tier's folder.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    replace_with(folder, name, |file| file.write_all(bytes))
}

fn replace_with(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    write(&mut file)?;
    files::persist(file, &folder.join(name))
}

/// Sees that there is nothing else in the place of a tier's folder.
pub(super) fn refuse_other(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder).is_ok_and(|found| !found.is_dir()) {
        true => Err(io::ErrorKind::NotADirectory.into()),
        false => Ok(()),
    }
}

impl Store {
    /// The state of a tier, as it was kept last; `None` where there is none.
    pub fn tier_state(&self, tier: TierId) -> Option<Vec<u8>> {
        read(&self.tier_folder(tier)?.join(STATE), MAX_STATE)
    }

    /// Keeps the state of a tier.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_tier_state(&self, tier: TierId, state: &[u8]) -> io::Result<()> {
        self.keep_about(tier, STATE, state)
    }

    /// The copy of a value of a tier's index, of at most so many bytes; `None` where there is none.
    pub fn tier_copy(&self, tier: TierId, key: &str, most: u64) -> Option<Vec<u8>> {
        read(&self.tier_folder(tier)?.join(copy_name(key)), most)
    }

    /// Keeps a copy of a value of a tier's index, which never changes. Who has kept some calls
    /// [`Store::bound_tier_copies`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_tier_copy(&self, tier: TierId, key: &str, value: &[u8]) -> io::Result<()> {
        self.keep_about(tier, &copy_name(key), value)
    }

    /// Removes the oldest copies where there are too many bytes of them.
    pub fn bound_tier_copies(&self, tier: TierId) {
        if let Some(folder) = self.tier_folder(tier) {
            bound_copies(&folder, MAX_COPIES);
        }
    }

    /// What was fetched from a tier and not asked for yet, as it was kept last; `None` where there is
    /// nothing.
    pub fn tier_ahead(&self, tier: TierId) -> Option<File> {
        open(&self.tier_folder(tier)?.join(AHEAD))
    }

    /// Keeps what was fetched from a tier and not asked for yet.
    ///
    /// # Errors
    /// When the store cannot be written, or when `write` fails.
    pub fn keep_tier_ahead(
        &self,
        tier: TierId,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(folder) = self.tier_folder(tier) else {
            return Ok(());
        };
        refuse_other(&folder)?;
        replace_with(&folder, AHEAD, write)
    }

    fn keep_about(&self, tier: TierId, name: &str, value: &[u8]) -> io::Result<()> {
        let Some(folder) = self.tier_folder(tier) else {
            return Ok(());
        };
        refuse_other(&folder)?;
        replace(&folder, name, value)
    }

    /// The folder for what is kept about a tier.
    pub(super) fn tier_folder(&self, tier: TierId) -> Option<PathBuf> {
        let folder = self.folder()?.join(layout::TIERS);
        Some(folder.join(tier.to_string()))
    }
}

/// The name of the copy of a value.
fn copy_name(key: &str) -> String {
    format!("{COPY}{}", Digest::of(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrimRequest;
    use crate::test_store::{HOUR, TestStore, set_age};
    use crate::trim::DEFAULT_AGE;

    #[test]
    #[cfg(unix)] // Links: wine makes none.
    fn a_state_is_kept_and_nothing_else_in_its_place_is_read() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        assert_eq!(test.store.tier_state(tier), None);
        for state in [&b"{}"[..], b"another"] {
            test.store.keep_tier_state(tier, state).unwrap();
            assert_eq!(test.store.tier_state(tier).as_deref(), Some(state));
        }
        assert_eq!(test.store.tier_state(TierId::of("s3 other")), None);
        let folder = test.folder().join("tiers").join(tier.to_string());
        assert_eq!(folders(&test.folder()), std::slice::from_ref(&folder));
        let path = folder.join(STATE);
        fs::write(&path, vec![b' '; MAX_STATE as usize + 1]).unwrap();
        assert_eq!(test.store.tier_state(tier), None, "too large");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert_eq!(test.store.tier_state(tier), None, "a link");
        fs::remove_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(test.folder(), &folder).unwrap();
        assert!(test.store.keep_tier_state(tier, b"{}").is_err());
    }

    #[test]
    fn a_store_with_a_state_is_in_order_and_a_trim_removes_what_was_left_unfinished() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        test.store.keep_tier_state(tier, b"{}").unwrap();
        let folder = &folders(&test.folder())[0];
        let unfinished = folder.join(".new-0123456789");
        fs::write(&unfinished, b"").unwrap();
        set_age(&unfinished, 48 * HOUR);
        let unknown = || {
            let verified = test.store.verify(false, |_| (), |_| ()).unwrap();
            verified.unknown_files
        };
        assert_eq!(unknown(), 0);
        fs::write(folder.join("other"), b"").unwrap();
        assert_eq!(unknown(), 1);
        test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
        assert!(!unfinished.exists());
        assert!(folder.join("other").exists());
        assert!(test.store.tier_state(tier).is_some());
    }

    #[test]
    fn of_too_many_bytes_of_copies_the_latest_stay() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        for key in ["oldest", "older", "new"] {
            test.store.keep_tier_copy(tier, key, b"value").unwrap();
        }
        test.store.keep_tier_state(tier, b"{}").unwrap();
        let folder = &folders(&test.folder())[0];
        for (key, age) in [("oldest", 2 * HOUR), ("older", HOUR)] {
            set_age(&folder.join(copy_name(key)), age);
        }
        bound_copies(folder, 14);
        let is_kept = |key| test.store.tier_copy(tier, key, 5).is_some();
        assert_eq!(["oldest", "older", "new"].map(is_kept), [false, true, true]);
        assert!(test.store.tier_state(tier).is_some());
    }

    #[test]
    fn a_copy_is_kept_until_it_is_old() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        let copy = |key| test.store.tier_copy(tier, key, 5);
        test.store.keep_tier_copy(tier, "a", b"value").unwrap();
        test.store.keep_tier_copy(tier, "b", b"too large").unwrap();
        assert_eq!(copy("a").as_deref(), Some(&b"value"[..]));
        assert_eq!((copy("b"), copy("c")), (None, None));
        let verified = test.store.verify(false, |_| (), |_| ()).unwrap();
        assert_eq!(verified.unknown_files, 0);
        let path = folders(&test.folder())[0].join(copy_name("a"));
        set_age(&path, DEFAULT_AGE + HOUR);
        test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
        assert_eq!(copy("a"), None);
        assert!(folders(&test.folder())[0].join(copy_name("b")).exists());
    }
}
