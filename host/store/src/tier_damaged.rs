//! What sessions of this machine have found damaged in a remote tier: `tiers/<tier>/damaged`, a line for
//! each. It is the key of a value, or that of a pack, a space, where an object begins in it, a space, and
//! how many bytes it has there.
//!
//! What always holds: an upload counts such an object as not there and writes it again, so a line too
//! many costs no more than that, and one too few is found again. Whoever changes the file has a lock
//! on the tier's folder, and replaces the file by a rename.

use std::collections::HashSet;
use std::io;

use super::tier_traffic::lock;
use super::{Store, TierId, tier_state};

/// The file in a tier's folder.
pub(super) const DAMAGED: &str = "damaged";

/// The most lines, of which the latest stay. A pack has hundreds of objects, so a machine that has
/// found so many has a tier that is best removed.
const MAX_LINES: usize = 512;

/// The most bytes of the file: a line has some 100.
const MAX_BYTES: u64 = 128 * MAX_LINES as u64;

/// The key of what is noted as damaged: of a value, or of the pack that an object is in.
pub fn key_of_damaged(name: &str) -> &str {
    name.split_once(' ').map_or(name, |(key, _)| key)
}

impl Store {
    /// What was found damaged in a tier.
    pub fn tier_damaged(&self, tier: TierId) -> HashSet<String> {
        self.damaged(tier).into_iter().collect()
    }

    /// Notes that a value of a tier was found damaged, or an object in a pack.
    ///
    /// # Errors
    /// When the store cannot be written, or another process holds the lock for too long.
    pub fn note_tier_damaged(&self, tier: TierId, name: &str) -> io::Result<()> {
        if self.damaged(tier).iter().any(|noted| noted == name) {
            return Ok(());
        }
        self.change_damaged(tier, |names| {
            names.retain(|noted| noted != name);
            names.push(name.to_owned());
            names.drain(..names.len().saturating_sub(MAX_LINES));
        })
    }

    /// Notes that the value of a key of a tier was written again, with all that is in it.
    ///
    /// # Errors
    /// As [`Store::note_tier_damaged`].
    pub fn note_tier_healed(&self, tier: TierId, key: &str) -> io::Result<()> {
        self.change_damaged(tier, |names| {
            names.retain(|noted| key_of_damaged(noted) != key);
        })
    }

    fn change_damaged(
        &self,
        tier: TierId,
        change: impl FnOnce(&mut Vec<String>),
    ) -> io::Result<()> {
        let Some(folder) = self.tier_folder(tier) else {
            return Ok(());
        };
        let _lock = lock(&folder)?;
        let mut names = self.damaged(tier);
        change(&mut names);
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        tier_state::replace(&folder, DAMAGED, lines.as_bytes())
    }

    /// All lines, the oldest first.
    fn damaged(&self, tier: TierId) -> Vec<String> {
        let path = self.tier_folder(tier).map(|folder| folder.join(DAMAGED));
        let bytes = path.and_then(|path| tier_state::read(&path, MAX_BYTES));
        let text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::TrimRequest;
    use crate::test_store::{HOUR, TestStore, set_age};
    use crate::trim::DEFAULT_AGE;

    #[test]
    fn what_is_damaged_is_known_until_it_is_written_again_or_old() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        let known = || {
            let mut keys: Vec<_> = test.store.tier_damaged(tier).into_iter().collect();
            keys.sort();
            keys
        };
        assert!(known().is_empty());
        for key in ["v1/packs/b", "v1/packs/a", "v1/packs/b"] {
            test.store.note_tier_damaged(tier, key).unwrap();
        }
        assert_eq!(known(), ["v1/packs/a", "v1/packs/b"]);
        let parts = ["v1/packs/b 0 7", "v1/packs/b 9 8", "v1/packs/bb 0 7"];
        for part in parts {
            test.store.note_tier_damaged(tier, part).unwrap();
        }
        test.store.note_tier_healed(tier, "v1/packs/b").unwrap();
        assert_eq!(known(), ["v1/packs/a", "v1/packs/bb 0 7"]);
        let verified = test.store.verify(false, |_| (), |_| ()).unwrap();
        assert_eq!(verified.unknown_files, 0);
        let path = tier_state::folders(&test.folder())[0].join(DAMAGED);
        set_age(&path, DEFAULT_AGE + HOUR);
        test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
        assert!(known().is_empty() && !path.exists());
    }

    #[test]
    fn of_too_many_keys_the_latest_stay_and_the_file_is_one_that_is_read() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        let key = |number: usize| format!("v1/objects/{number:064}");
        for number in 0..MAX_LINES + 2 {
            test.store.note_tier_damaged(tier, &key(number)).unwrap();
        }
        let known = test.store.tier_damaged(tier);
        assert_eq!(known.len(), MAX_LINES);
        assert!(known.contains(&key(MAX_LINES + 1)) && !known.contains(&key(1)));
        let path = tier_state::folders(&test.folder())[0].join(DAMAGED);
        fs::write(&path, vec![b' '; MAX_BYTES as usize + 1]).unwrap();
        assert!(test.store.tier_damaged(tier).is_empty(), "too large");
    }
}
