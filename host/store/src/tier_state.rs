//! What is kept on this machine about a tier: `tiers/<tier>/state`, a few bytes for whoever speaks
//! with tiers.
//!
//! What always holds: it may be removed at any time, and whoever reads it does not rely on it. Only
//! a file of this user is read, since others may write a shared store.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::tier_id::{TierId, is_tier};
use super::tier_traffic::TRAFFIC;
use super::{Store, files, layout};

/// The most bytes of a state: a small object of JSON.
const MAX_STATE: u64 = 4096;

/// The file with the state of a tier.
const STATE: &str = "state";

/// Whether a file in a tier's folder may have this name.
pub(super) fn is_known(name: &OsStr) -> bool {
    name == STATE || name == TRAFFIC
}

/// The folders of tiers in a store's folder.
pub(super) fn folders(store: &Path) -> Vec<PathBuf> {
    let folder = store.join(layout::TIERS);
    let mut names = files::names_in(&folder);
    names.retain(|name| is_tier(name));
    names.iter().map(|name| folder.join(name)).collect()
}

/// Reads a file of a tier's folder that this user has written.
pub(super) fn read(path: &Path) -> Option<Vec<u8>> {
    let (file, metadata) = files::open_regular(path, false).ok()?;
    let mut bytes = Vec::new();
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let read = file.take(MAX_STATE + 1).read_to_end(&mut bytes).ok()?;
    (is_own && read as u64 <= MAX_STATE).then_some(bytes)
}

/// Replaces a file of a tier's folder.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    file.write_all(bytes)?;
    file.persist(folder.join(name))?;
    Ok(())
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
        read(&self.tier_folder(tier)?.join(STATE))
    }

    /// Keeps the state of a tier.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_tier_state(&self, tier: TierId, state: &[u8]) -> io::Result<()> {
        let Some(folder) = self.tier_folder(tier) else {
            return Ok(());
        };
        refuse_other(&folder)?;
        replace(&folder, STATE, state)
    }

    /// The folder for what is kept about a tier.
    pub(super) fn tier_folder(&self, tier: TierId) -> Option<PathBuf> {
        let folder = self.folder()?.join(layout::TIERS);
        Some(folder.join(tier.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrimRequest;
    use crate::test_store::{HOUR, TestStore, set_age};

    #[test]
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
}
