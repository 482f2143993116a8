//! The content of a store before a trim: every object, when it was last used, and whether an entry
//! keeps it.
//!
//! An object and the entries that name it, in all scopes, count as one: it was last used when any
//! of them was, and it stays as long as one of them stays. Entries are read one at a time and not
//! kept, so the memory needed is that of the objects alone: 64 bytes each, 64 MB for a million.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use cachewarden_types::Digest;

use crate::entry::read_entry;
use crate::shards::{SHARDS, shard_name};
use crate::{access, files, layout};

/// An object, and what is known of the entries that name it.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// The latest time of use, its own or that of an entry.
    pub(super) used: SystemTime,
    /// Whether an entry that names it stays.
    pub(super) kept: bool,
    /// Whether an entry that names it is removed.
    pub(super) released: bool,
    /// Whether an entry of a protected scope names it and stays.
    pub(super) protected: bool,
    /// Whether it is removed for the size of the store, with all entries that name it.
    pub(super) evicted: bool,
}

const _: () = assert!(size_of::<Object>() <= 64);

/// The objects of a store, by shard and name.
#[derive(Debug)]
pub(super) struct Inventory {
    shards: Vec<Vec<Object>>,
    /// Whether something could not be read: any object may be named in it.
    incomplete: bool,
    /// Whether there are objects of other users, whose mtime this user cannot set.
    has_others: bool,
}

impl Inventory {
    /// Lists every object, and calls `progress` for each shard. No entry is read yet.
    pub(super) fn of_objects(folder: &Path, progress: &mut impl FnMut()) -> Self {
        let objects = folder.join(layout::OBJECTS);
        let mut has_others = false;
        let mut scan = |shard| {
            progress();
            objects_in(&objects.join(shard_name(shard)), &mut has_others)
        };
        Self {
            shards: (0..SHARDS).map(&mut scan).collect(),
            incomplete: false,
            has_others,
        }
    }

    /// Reads the entries in one shard of a scope. `goes` decides by the time of last use whether an
    /// entry is removed. An entry that stays and was used at `unread_from` or later is not read:
    /// its object is marked as used before it, or within the hour before, so the object's own mtime
    /// keeps it.
    pub(super) fn read_entries(
        &mut self,
        shard: &Path,
        is_protected: bool,
        unread_from: SystemTime,
        mut goes: impl FnMut(SystemTime) -> bool,
    ) {
        let names = match fs::symlink_metadata(shard) {
            Ok(metadata) if metadata.is_dir() => files::read_names(shard),
            Err(error) if files::is_not_there(&error) => return,
            // A link would lead out of the store.
            _ => return self.incomplete = true,
        };
        let Ok(names) = names else {
            self.incomplete = true;
            return;
        };
        for name in names {
            let path = shard.join(&name);
            // Anything but a regular file names no object.
            let metadata = fs::symlink_metadata(&path).ok();
            let used = metadata
                .filter(|metadata| metadata.is_file() && files::digest_of(&name).is_some())
                .and_then(|metadata| metadata.modified().ok());
            let Some(used) = used else {
                continue;
            };
            let goes = goes(used);
            if goes || used < unread_from || self.has_others {
                self.read_entry(&path, goes, is_protected);
            }
        }
    }

    fn read_entry(&mut self, path: &Path, goes: bool, is_protected: bool) {
        match read_entry(path) {
            Ok((entry, used)) => {
                if let Some(object) = entry.and_then(|entry| self.find_mut(&entry.output)) {
                    object.used = object.used.max(used);
                    object.released |= goes;
                    object.kept |= !goes;
                    object.protected |= !goes && is_protected;
                }
            }
            Err(error) => self.incomplete |= !files::is_not_there(&error),
        }
    }

    /// Ends the reading. Where an entry could not be read, each object counts as named by an entry
    /// of its own age.
    pub(super) fn finish_reading(&mut self, goes: impl Fn(SystemTime) -> bool) {
        if self.incomplete {
            for object in self.shards.iter_mut().flatten() {
                object.kept |= !goes(object.used);
            }
        }
    }

    /// Notes that something could not be read.
    pub(super) fn mark_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// Selects objects for removal until `surplus` bytes are freed: those of protected scopes last,
    /// the least recently used first, and of those used at the same moment the largest. Only
    /// objects that `may_go` are selected. Returns the rest of the surplus.
    pub(super) fn evict(&mut self, mut surplus: u64, may_go: impl Fn(&Object) -> bool) -> u64 {
        if surplus == 0 {
            return 0;
        }
        let mut candidates: Vec<_> = self.shards.iter_mut().flatten().collect();
        candidates.retain(|object| may_go(object));
        candidates.sort_unstable_by_key(|object| {
            let least_used = (object.used, Reverse(object.size), object.digest);
            (object.protected, least_used)
        });
        for object in candidates {
            if surplus == 0 {
                break;
            }
            object.evicted = true;
            surplus = surplus.saturating_sub(object.size);
        }
        surplus
    }

    /// Every object, in order of its digest.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.shards.iter().flatten()
    }

    /// The object with this digest.
    pub(super) fn find(&self, digest: &Digest) -> Option<&Object> {
        let shard = &self.shards[usize::from(digest.as_bytes()[0])];
        position(shard, digest).map(|position| &shard[position])
    }

    fn find_mut(&mut self, digest: &Digest) -> Option<&mut Object> {
        let shard = &mut self.shards[usize::from(digest.as_bytes()[0])];
        position(shard, digest).map(|position| &mut shard[position])
    }
}

fn position(shard: &[Object], digest: &Digest) -> Option<usize> {
    shard
        .binary_search_by_key(digest, |object| object.digest)
        .ok()
}

/// The objects in a shard, by name. A folder that cannot be read is reported when something is to
/// be removed from it.
fn objects_in(shard: &Path, has_others: &mut bool) -> Vec<Object> {
    if !fs::symlink_metadata(shard).is_ok_and(|metadata| metadata.is_dir()) {
        return Vec::new();
    }
    let scan = |name: &OsString| {
        let digest = files::digest_of(name)?;
        let metadata = fs::symlink_metadata(shard.join(name)).ok()?;
        *has_others |= !access::is_own(&metadata);
        // This program makes no folder in the place of an object.
        (!metadata.is_dir()).then_some(Object {
            digest,
            size: metadata.len(),
            used: metadata.modified().ok()?,
            kept: false,
            released: false,
            protected: false,
            evicted: false,
        })
    };
    let mut objects: Vec<_> = files::names_in(shard).iter().filter_map(scan).collect();
    objects.shrink_to_fit();
    objects
}
