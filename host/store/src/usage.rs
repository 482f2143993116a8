//! How much each scope keeps, for quotas.
//!
//! A daemon's store keeps the counts in memory. A scope is counted when it is first asked for, a
//! put keeps its count current, and a trim counts again. What is put while its scope is being
//! counted may count twice: a quota is then too strict until the next trim, and not too wide.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cachewarden_types::{Pattern, ScopeName};

use super::entry::read_entry;
use super::{Store, files, layout, stats};

/// The least bytes that an entry counts: its own file, its slot and its witnesses take some disk,
/// also where its object is empty.
pub const LEAST_BYTES: u64 = 1024;

/// What some scopes keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Entries.
    pub entries: u64,
    /// Bytes of what the entries name, each at least [`LEAST_BYTES`]. An object counts once for
    /// each entry.
    pub bytes: u64,
}

impl Usage {
    /// What one entry counts.
    pub fn of_entry(size: u64) -> Self {
        Self {
            entries: 1,
            bytes: size.max(LEAST_BYTES),
        }
    }

    fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// The counts of a daemon's store.
#[derive(Debug, Default)]
pub(super) struct UsageTable {
    /// Every scope; `None` before it was first asked for.
    scopes: Mutex<Option<BTreeMap<ScopeName, Count>>>,
    /// Held while scopes are counted, so that no two sessions count the same.
    counting: Mutex<()>,
}

/// The count of a scope.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// What was counted; `None` where it was not yet.
    counted: Option<Usage>,
    /// What has changed since the count began.
    entries: i64,
    bytes: i64,
}

impl Store {
    /// What the scopes that match one of the patterns keep. A daemon's store knows it after the
    /// first call; any other store reads every entry of these scopes.
    pub fn usage(&self, scopes: &[Pattern]) -> Usage {
        let Some(folder) = self.folder() else {
            return Usage::default();
        };
        let matches = |scope: &ScopeName| scopes.iter().any(|pattern| pattern.matches(scope));
        match self.owned() {
            Some(owned) => owned.usage.sum(folder, matches),
            None => {
                let mut sum = Usage::default();
                let names = stats::scopes(folder).into_iter();
                names
                    .filter(|scope| matches(scope))
                    .for_each(|scope| sum.add(count(folder, &scope)));
                sum
            }
        }
    }
}

impl UsageTable {
    fn sum(&self, folder: &Path, matches: impl Fn(&ScopeName) -> bool) -> Usage {
        if let Some(sum) = self.known(&matches) {
            return sum;
        }
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        for scope in self.uncounted(folder, &matches) {
            self.count(folder, &scope);
        }
        self.known(matches).unwrap_or_default()
    }

    /// The sum of the scopes that match; `None` where one was not counted.
    fn known(&self, matches: impl Fn(&ScopeName) -> bool) -> Option<Usage> {
        let scopes = self.scopes();
        let mut sum = Usage::default();
        for (_, count) in scopes.as_ref()?.iter().filter(|(scope, _)| matches(scope)) {
            sum.add(count.sum()?);
        }
        Some(sum)
    }

    fn uncounted(&self, folder: &Path, matches: impl Fn(&ScopeName) -> bool) -> Vec<ScopeName> {
        let mut scopes = self.scopes();
        let scopes = scopes.get_or_insert_with(|| {
            let names = stats::scopes(folder).into_iter();
            names.map(|scope| (scope, Count::default())).collect()
        });
        let uncounted = scopes
            .iter()
            .filter(|(scope, count)| count.counted.is_none() && matches(scope));
        uncounted.map(|(scope, _)| scope.clone()).collect()
    }

    fn count(&self, folder: &Path, scope: &ScopeName) {
        self.change(scope, Count::begin);
        let counted = count(folder, scope);
        self.change(scope, |count| count.counted = Some(counted));
    }

    /// Counts the scopes that match again, after a trim.
    pub(super) fn recount(&self, folder: &Path, matches: impl Fn(&ScopeName) -> bool) {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<_> = match &*self.scopes() {
            Some(scopes) => scopes
                .keys()
                .filter(|scope| matches(scope))
                .cloned()
                .collect(),
            None => return,
        };
        for scope in known {
            self.count(folder, &scope);
        }
        // An empty scope may be that of a pull request which is closed.
        if let Some(scopes) = &mut *self.scopes() {
            scopes.retain(|_, count| count.sum() != Some(Usage::default()));
        }
    }

    /// Notes an entry that was put, and the one that it has replaced.
    pub(super) fn put(&self, scope: &ScopeName, size: u64, replaced: Option<u64>) {
        self.change(scope, |count| {
            count.add(size, 1);
            if let Some(size) = replaced {
                count.add(size, -1);
            }
        });
    }

    /// Notes an entry that was removed.
    #[cfg(unix)]
    pub(super) fn remove(&self, scope: &ScopeName, size: u64) {
        self.change(scope, |count| count.add(size, -1));
    }

    /// Changes the count of a scope, if any was asked for yet.
    fn change(&self, scope: &ScopeName, change: impl FnOnce(&mut Count)) {
        if let Some(scopes) = &mut *self.scopes() {
            change(scopes.entry(scope.clone()).or_insert_with(|| Count {
                // It did not exist when the scopes were listed.
                counted: Some(Usage::default()),
                ..Count::default()
            }));
        }
    }

    fn scopes(&self) -> MutexGuard<'_, Option<BTreeMap<ScopeName, Count>>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    /// Begins to count: what changes from now on is added to the result. Until then the sum so far
    /// holds.
    fn begin(&mut self) {
        self.counted = self.sum();
        (self.entries, self.bytes) = (0, 0);
    }

    fn sum(&self) -> Option<Usage> {
        let counted = self.counted?;
        Some(Usage {
            entries: counted.entries.saturating_add_signed(self.entries),
            bytes: counted.bytes.saturating_add_signed(self.bytes),
        })
    }

    /// Adds this many entries of one size.
    fn add(&mut self, size: u64, entries: i64) {
        let bytes = i64::try_from(Usage::of_entry(size).bytes).unwrap_or(i64::MAX);
        self.entries = self.entries.saturating_add(entries);
        self.bytes = self.bytes.saturating_add(bytes.saturating_mul(entries));
    }
}

/// Reads every entry of a scope.
fn count(folder: &Path, scope: &ScopeName) -> Usage {
    let mut usage = Usage::default();
    let scope = layout::scope_path(folder, scope);
    if scope.is_symlink() {
        // A link leads out of the store; `verify` reports it.
        return usage;
    }
    for shard in files::names_in(&scope) {
        let shard = scope.join(shard);
        for name in files::names_in(&shard) {
            if files::digest_of(&name).is_some()
                && let Ok((entry, _)) = read_entry(&shard.join(name))
            {
                usage.add(Usage::of_entry(entry.map_or(0, |entry| entry.size)));
            }
        }
    }
    usage
}

#[cfg(all(test, unix))] // Of daemons' stores.
mod tests {
    use super::*;
    use crate::test_store::{HOUR, TestStore, scope, set_age};
    use crate::{RevokeRequest, TrimRequest};

    const KIB: usize = 1024;

    fn usage(test: &TestStore, pattern: &str) -> (u64, u64) {
        let Usage { entries, bytes } = test.store.usage(&[pattern.parse().unwrap()]);
        (entries, bytes)
    }

    #[test]
    fn an_entry_counts_its_bytes_and_at_least_a_kibibyte() {
        for test in [TestStore::new(), TestStore::owned()] {
            test.put("main", "small", b"x");
            test.put("main", "empty", b"");
            test.put("pr-1", "large", &[1; 3 * KIB]);
            test.put("pr-2", "large", &[1; 3 * KIB]);
            assert_eq!(usage(&test, "main"), (2, 2048));
            assert_eq!(usage(&test, "pr-*"), (2, 6 * 1024));
            assert_eq!(usage(&test, "*"), (4, 8 * 1024));
            assert_eq!(usage(&test, "other"), (0, 0));
            let both = ["main".parse().unwrap(), "m*".parse().unwrap()];
            assert_eq!(test.store.usage(&both).entries, 2, "a scope counts once");
        }
    }

    #[test]
    fn puts_trims_and_revocations_keep_the_count_current() {
        let test = TestStore::owned();
        test.put("main", "before", &[1; 2 * KIB]);
        assert_eq!(usage(&test, "*"), (1, 2048));
        test.put("main", "action", &[1; 3 * KIB]);
        test.put("new", "action", &[1; 3 * KIB]);
        assert_eq!(usage(&test, "main"), (2, 5 * 1024));
        assert_eq!(usage(&test, "new"), (1, 3 * 1024));
        // Replaced by a smaller and by a larger one.
        test.put("main", "action", &[2; 2 * KIB]);
        assert_eq!(usage(&test, "main"), (2, 4 * 1024));
        let action = test.put("main", "action", &[3; 9 * KIB]);
        assert_eq!(usage(&test, "main"), (2, 11 * 1024));
        // Nothing is read any more.
        std::fs::remove_file(test.entry("main", &action)).unwrap();
        assert_eq!(usage(&test, "main"), (2, 11 * 1024));
        // A trim counts again.
        test.store.trim(&TrimRequest::default(), |_| ()).unwrap();
        assert_eq!(usage(&test, "main"), (1, 2048));
        let request = RevokeRequest {
            scope: Some("main".parse().unwrap()),
            ..RevokeRequest::default()
        };
        test.store.revoke(&request, false).unwrap();
        assert_eq!(usage(&test, "*"), (1, 3 * 1024));
        assert_eq!(usage(&test, "main"), (0, 0));
    }

    #[test]
    fn scopes_are_trimmed_to_what_their_tenant_may_keep() {
        for test in [TestStore::new(), TestStore::owned()] {
            for (scope_name, name, age) in [
                ("pr-1", "one", 4),
                ("pr-2", "two", 3),
                ("pr-1", "three", 2),
                ("main", "old", 5),
            ] {
                let action = test.put(scope_name, name, &[1; 2 * KIB]);
                set_age(&test.entry(scope_name, &action), age * HOUR);
            }
            let prs = ["pr-*".parse().unwrap()];
            let most = |entries, bytes| Usage { entries, bytes };
            let trim = |most| test.store.trim_to_usage(&prs, most).unwrap();
            assert_eq!(trim(most(3, 6 * 1024)), 0);
            assert_eq!(usage(&test, "pr-*"), (3, 6 * 1024));
            assert_eq!(trim(most(2, u64::MAX)), 1);
            assert_eq!(usage(&test, "pr-1"), (1, 2048), "the oldest went");
            assert_eq!(usage(&test, "pr-2"), (1, 2048));
            assert_eq!(trim(most(u64::MAX, 4095)), 1);
            assert_eq!(usage(&test, "pr-2"), (0, 0));
            assert_eq!(trim(most(0, 0)), 1);
            assert_eq!(usage(&test, "main"), (1, 2048), "others keep theirs");
            let name = scope("main");
            let action = cachewarden_types::Digest::of(b"old");
            assert!(test.entry(name.as_str(), &action).exists());
        }
    }
}
