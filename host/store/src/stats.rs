//! What a store holds: entries by scope and kind, and objects.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use cachewarden_types::{Kind, ScopeName};

use super::entry::{Entry, read_entry};
use super::{SharedStore, Store, StoreError, files, layout};

/// What a store holds.
#[derive(Debug, Default, Serialize)]
pub struct StoreStats {
    /// Objects, each counted once however many entries name it.
    pub objects: u64,
    /// Bytes of the objects.
    pub bytes: u64,
    /// What each scope holds.
    pub scopes: BTreeMap<ScopeName, ScopeSurvey>,
    /// Entries that cannot be read.
    pub damaged_entries: u64,
}

/// What a scope holds.
#[derive(Debug, Default, Serialize)]
pub struct ScopeSurvey {
    /// Entries.
    pub entries: u64,
    /// Bytes of what they name; an object that several entries name counts with each.
    pub bytes: u64,
    /// Seconds since the oldest entry was put.
    pub oldest_seconds: u64,
    /// Seconds since an entry was last used.
    pub last_used_seconds: u64,
    /// Entries and bytes of each kind.
    pub kinds: BTreeMap<Kind, KindSurvey>,
}

/// What a scope holds of one kind.
#[derive(Debug, Default, Serialize)]
pub struct KindSurvey {
    /// Entries.
    pub entries: u64,
    /// Bytes of what they name.
    pub bytes: u64,
}

impl Store {
    /// Opens the store in `folder` for a look: nothing in it is made, mended or changed by that.
    ///
    /// # Errors
    /// When there is no store, it was made by a version with another layout, or can be changed by others and `sharing`
    /// is refused.
    pub fn open_to_look(folder: &Path, sharing: SharedStore) -> Result<Self, StoreError> {
        layout::look(folder, sharing)?;
        Ok(Self::in_folder(folder, sharing))
    }

    /// Looks at every entry and every object.
    pub fn survey(&self, now: SystemTime) -> StoreStats {
        let mut survey = StoreStats::default();
        let Some(folder) = self.folder() else {
            return survey;
        };
        for bucket in files::names_in(&folder.join(layout::OBJECTS)) {
            let bucket = folder.join(layout::OBJECTS).join(bucket);
            for name in files::names_in(&bucket) {
                if let Ok(metadata) = fs::symlink_metadata(bucket.join(&name))
                    && !files::is_temporary(&name)
                {
                    survey.objects += 1;
                    survey.bytes += metadata.len();
                }
            }
        }
        for scope in scopes(folder) {
            let mut found = ScopeSurvey {
                last_used_seconds: u64::MAX,
                ..ScopeSurvey::default()
            };
            let scope_folder = folder.join(layout::SCOPES).join(scope.folder());
            if scope_folder.is_symlink() {
                // What it leads to is no part of the store; `verify` names it.
                continue;
            }
            for bucket in files::names_in(&scope_folder) {
                let bucket = scope_folder.join(bucket);
                for name in files::names_in(&bucket) {
                    if files::is_temporary(&name) {
                        continue;
                    }
                    match read_entry(&bucket.join(name)) {
                        Ok((Some(entry), used)) => found.add(&entry, used, now),
                        _ => survey.damaged_entries += 1,
                    }
                }
            }
            if found.entries > 0 {
                survey.scopes.insert(scope, found);
            }
        }
        survey
    }
}

impl Store {
    /// Whether the store has a scope of this name.
    pub fn has_scope(&self, scope: &ScopeName) -> bool {
        self.folder()
            .is_some_and(|folder| folder.join(layout::SCOPES).join(scope.folder()).is_dir())
    }
}

impl ScopeSurvey {
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

/// The scopes of a store, by name.
pub(super) fn scopes(folder: &Path) -> Vec<ScopeName> {
    files::names_in(&folder.join(layout::SCOPES))
        .iter()
        .filter_map(|name| ScopeName::from_folder(name.to_str()?))
        .collect()
}
