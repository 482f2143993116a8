//! What the sessions and uploads of this machine came to at a remote tier: `tiers/<tier>/traffic`,
//! a small object of JSON.
//!
//! What always holds: it may be removed at any time, and nothing depends on it. Whoever adds to it
//! has a lock on the tier's folder, and replaces the file by a rename.

use std::io;
use std::path::Path;
use std::time::Duration;

use cachewarden_system::lock_timeout::lock_with_timeout;
use serde::{Deserialize, Serialize};

use super::{Store, TierId, files, tier_state};

/// The file in a tier's folder.
pub(super) const TRAFFIC: &str = "traffic";

/// How long a session waits for the lock, which is held for a moment. After that it is not counted.
/// Whoever shares the store can hold the lock, so it is no longer than a person notices.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// The longest address that is kept, in bytes of JSON, so that the file stays one that is read.
const MAX_ADDRESS: usize = 2048;

/// What the file has.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    #[serde(flatten)]
    traffic: TierTraffic,
    /// Where the tier is, which no credential is part of: its folder's name is a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// What the use of a tier came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct TierTraffic {
    /// Gets that were answered with what it has.
    pub hits: u64,
    /// Questions for entries that it did not have.
    pub misses: u64,
    /// Requests of sessions that have failed.
    pub errors: u64,
    /// Bytes that came, as they travelled.
    pub bytes_down: u64,
    /// Bytes of the objects that came, beyond those that have travelled.
    pub bytes_saved: u64,
    /// Milliseconds in which sessions had a request at the tier.
    pub waited: u64,
    /// Entries that were sent.
    pub sent: u64,
    /// Bytes that were sent, as they travelled.
    pub bytes_up: u64,
    /// Entries that were not sent, since their objects have more bytes than the service takes.
    pub too_large: u64,
}

impl TierTraffic {
    /// Adds what the use of another one came to.
    pub fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.hits, other.hits);
        add(&mut self.misses, other.misses);
        add(&mut self.errors, other.errors);
        add(&mut self.bytes_down, other.bytes_down);
        add(&mut self.bytes_saved, other.bytes_saved);
        add(&mut self.waited, other.waited);
        add(&mut self.sent, other.sent);
        add(&mut self.bytes_up, other.bytes_up);
        add(&mut self.too_large, other.too_large);
    }
}

/// Takes the lock on a tier's folder, for those who read a file there and replace it.
pub(super) fn lock(folder: &Path) -> io::Result<impl Sized + use<>> {
    tier_state::refuse_other(folder)?;
    if !folder.exists() {
        files::create_private_folder(folder)?;
    }
    let lock = lock_with_timeout(files::open_lock(folder)?, LOCK_TIMEOUT)?;
    lock.ok_or_else(|| io::ErrorKind::TimedOut.into())
}

impl Store {
    /// Adds to what the use of a tier came to so far, and keeps its address, by which a person knows
    /// it.
    ///
    /// # Errors
    /// When the store cannot be written, or another process holds the lock for too long.
    pub fn add_tier_traffic(
        &self,
        tier: TierId,
        address: &str,
        more: &TierTraffic,
    ) -> io::Result<()> {
        let Some(folder) = self.tier_folder(tier) else {
            return Ok(());
        };
        if *more == TierTraffic::default() {
            return Ok(());
        }
        let _lock = lock(&folder)?;
        let mut kept = self.kept(tier).unwrap_or_default();
        kept.traffic.add(more);
        if serde_json::to_vec(address)?.len() <= MAX_ADDRESS {
            kept.address = Some(address.to_owned());
        }
        tier_state::replace(&folder, TRAFFIC, &serde_json::to_vec(&kept)?)
    }

    /// What the use of a tier came to so far; `None` where nothing was kept.
    pub fn tier_traffic(&self, tier: TierId) -> Option<TierTraffic> {
        self.kept(tier).map(|kept| kept.traffic)
    }

    /// Where a tier is that was used, as whoever used it last has named it; `None` where that was
    /// not kept.
    pub fn tier_address(&self, tier: TierId) -> Option<String> {
        self.kept(tier)?.address
    }

    fn kept(&self, tier: TierId) -> Option<Kept> {
        let path = self.tier_folder(tier)?.join(TRAFFIC);
        serde_json::from_slice(&tier_state::read(&path, tier_state::MAX_STATE)?).ok()
    }

    /// The tiers of which something is kept.
    pub fn known_tiers(&self) -> Vec<TierId> {
        let folders = self.folder().map(tier_state::folders).unwrap_or_default();
        let names = folders.iter().filter_map(|folder| folder.file_name());
        names
            .filter_map(|name| name.to_str()?.parse().ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;
    use crate::test_store::TestStore;

    const ADDRESS: &str = "s3://bucket?region=any";

    #[test]
    fn a_tier_is_known_by_the_address_that_it_was_used_by() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        let path = test.folder().join("tiers").join(tier.to_string());
        let more = TierTraffic {
            hits: 1,
            ..TierTraffic::default()
        };
        let add = |address: &str| test.store.add_tier_traffic(tier, address, &more).unwrap();
        assert_eq!(test.store.tier_address(tier), None);
        // What was written before addresses were kept.
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(TRAFFIC), b"{\"hits\":7}").unwrap();
        assert_eq!(test.store.tier_address(tier), None);
        add(ADDRESS);
        assert_eq!(test.store.tier_address(tier).as_deref(), Some(ADDRESS));
        // One that is too long is not kept, and costs no count.
        add(&"\"".repeat(MAX_ADDRESS - 1));
        assert_eq!(test.store.tier_address(tier).as_deref(), Some(ADDRESS));
        assert_eq!(test.store.tier_traffic(tier).unwrap().hits, 9);
        add(&"x".repeat(MAX_ADDRESS - 2));
        assert_eq!(test.store.tier_traffic(tier).unwrap().hits, 10);
    }

    #[test]
    fn what_many_add_at_once_is_all_there() {
        let test = TestStore::new();
        let tier = TierId::of("s3 bucket");
        assert_eq!(test.store.tier_traffic(tier), None);
        let more = TierTraffic {
            hits: 1,
            bytes_up: 10,
            ..TierTraffic::default()
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| test.store.add_tier_traffic(tier, ADDRESS, &more).unwrap());
            }
        });
        let traffic = test.store.tier_traffic(tier).unwrap();
        assert_eq!((traffic.hits, traffic.misses, traffic.bytes_up), (8, 0, 80));
        assert_eq!(test.store.known_tiers(), [tier]);
        let verified = test.store.verify(false, |_| (), |_| ()).unwrap();
        assert_eq!(verified.unknown_files, 0);
        let folder = &tier_state::folders(&test.folder())[0];
        fs::write(folder.join(TRAFFIC), b"{\"hits\":").unwrap();
        test.store.add_tier_traffic(tier, ADDRESS, &more).unwrap();
        assert_eq!(test.store.tier_traffic(tier).unwrap().hits, 1, "from anew");
        fs::remove_file(folder.join(TRAFFIC)).unwrap();
        test.store
            .add_tier_traffic(tier, ADDRESS, &TierTraffic::default())
            .unwrap();
        assert!(!folder.join(TRAFFIC).exists(), "nothing happened");
    }
}
