//! Statistics of a store: objects, and entries by scope and kind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use cachewarden_types::{Kind, ScopeName};

use super::entry::{Entry, read_entry};
use super::{SharedStore, Store, StoreError, files, layout, program_names};

/// The statistics of a store.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoreStats {
    /// Objects, each counted once however many entries name it.
    pub objects: u64,
    /// Bytes of all objects.
    pub bytes: u64,
    /// The statistics of each scope that has entries.
    pub scopes: BTreeMap<ScopeName, ScopeStats>,
    /// Entries that cannot be read.
    pub damaged_entries: u64,
}

/// The statistics of a scope.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScopeStats {
    /// Entries.
    pub entries: u64,
    /// Bytes of the objects that the entries name; an object counts once for each entry.
    pub bytes: u64,
    /// Seconds since the oldest entry was put.
    pub oldest_seconds: u64,
    /// Seconds since an entry was last used.
    pub last_used_seconds: u64,
    /// Entries and bytes of each kind.
    pub kinds: BTreeMap<Kind, KindStats>,
}

/// The statistics of one kind within a scope.
#[derive(Debug, Default, Serialize)]
pub struct KindStats {
    /// Entries.
    pub entries: u64,
    /// Bytes of what they name.
    pub bytes: u64,
}

impl Store {
    /// Opens the store in `folder` for reading; nothing in it is created, repaired or changed by
    /// that.
    ///
    /// # Errors
    /// When there is no store, it was made by a version with another layout, or other users can
    /// change it and `sharing` is [`SharedStore::Deny`].
    pub fn open_to_look(folder: &Path, sharing: SharedStore) -> Result<Self, StoreError> {
        layout::check_read_only(folder, sharing)?;
        Ok(Self::in_folder(folder, sharing))
    }

    /// The names of its scopes, in no order.
    pub fn scopes(&self) -> Vec<ScopeName> {
        self.folder().map(scopes).unwrap_or_default()
    }

    /// Reads every entry and counts every object.
    pub fn stats(&self, now: SystemTime) -> StoreStats {
        let mut stats = StoreStats::default();
        let Some(folder) = self.folder() else {
            return stats;
        };
        for shard in files::names_in(&folder.join(layout::OBJECTS)) {
            let shard = folder.join(layout::OBJECTS).join(shard);
            for name in files::names_in(&shard) {
                if let Ok(metadata) = fs::symlink_metadata(shard.join(&name))
                    && !files::is_temporary(&name)
                    && !program_names::is_folder(&name)
                {
                    stats.objects += 1;
                    stats.bytes += metadata.len();
                }
            }
        }
        for scope in scopes(folder) {
            let mut found = ScopeStats {
                last_used_seconds: u64::MAX,
                ..ScopeStats::default()
            };
            let scope_folder = folder.join(layout::SCOPES).join(scope.folder());
            if scope_folder.is_symlink() {
                // A link leads out of the store; `verify` reports it.
                continue;
            }
            for shard in files::names_in(&scope_folder) {
                let shard = scope_folder.join(shard);
                for name in files::names_in(&shard) {
                    if files::is_temporary(&name) {
                        continue;
                    }
                    match read_entry(&shard.join(name)) {
                        Ok((Some(entry), used)) => found.add(&entry, used, now),
                        _ => stats.damaged_entries += 1,
                    }
                }
            }
            if found.entries > 0 {
                stats.scopes.insert(scope, found);
            }
        }
        stats
    }
}

impl Store {
    /// Whether the store has a scope of this name.
    pub fn has_scope(&self, scope: &ScopeName) -> bool {
        self.folder()
            .is_some_and(|folder| folder.join(layout::SCOPES).join(scope.folder()).is_dir())
    }
}

impl ScopeStats {
    fn add(&mut self, entry: &Entry, used: SystemTime, now: SystemTime) {
        let seconds_since = |time| now.duration_since(time).unwrap_or(Duration::ZERO).as_secs();
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(entry.size);
        self.oldest_seconds = self.oldest_seconds.max(seconds_since(entry.time));
        self.last_used_seconds = self.last_used_seconds.min(seconds_since(used));
        let kind = self.kinds.entry(entry.content.kind).or_default();
        kind.entries += 1;
        kind.bytes = kind.bytes.saturating_add(entry.size);
    }
}

/// The names of a store's scopes.
pub(super) fn scopes(folder: &Path) -> Vec<ScopeName> {
    files::names_in(&folder.join(layout::SCOPES))
        .iter()
        .filter_map(|name| ScopeName::from_folder(name.to_str()?))
        .collect()
}
