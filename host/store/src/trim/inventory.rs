//! What a store holds before a trim: every object, when it was last used, and whether an entry keeps it.
//!
//! An object and the entries that name it, in whatever scopes, are one thing here: it was last used when any of them
//! was, and it stays as long as one of them does. Entries are read one at a time and not kept. So the memory that this
//! takes is that of the objects alone: 64 bytes each, 64 MB for a million.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use cachewarden_types::Digest;

use crate::buckets::{BUCKETS, bucket_name};
use crate::entry::read_entry;
use crate::{files, layout};

/// An object, and what is known of the entries that name it.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// The latest mark of use, its own or that of an entry.
    pub(super) used: SystemTime,
    /// An entry that names it stays.
    pub(super) kept: bool,
    /// An entry that names it goes.
    pub(super) released: bool,
    /// It goes for its size, with all entries that name it.
    pub(super) evicted: bool,
}

const _: () = assert!(size_of::<Object>() <= 64);

/// The objects of a store, by bucket and name.
#[derive(Debug)]
pub(super) struct Inventory {
    buckets: Vec<Vec<Object>>,
    /// Something could not be read, and any object may be named there.
    incomplete: bool,
    /// There are objects of other users, which this one cannot mark as used.
    has_others: bool,
}

impl Inventory {
    /// Looks at every object; `progress` hears of each bucket. Nothing is known of entries yet.
    pub(super) fn of_objects(folder: &Path, progress: &mut impl FnMut()) -> Self {
        let objects = folder.join(layout::OBJECTS);
        let mut has_others = false;
        let mut look = |bucket| {
            progress();
            objects_in(&objects.join(bucket_name(bucket)), &mut has_others)
        };
        Self {
            buckets: (0..BUCKETS).map(&mut look).collect(),
            incomplete: false,
            has_others,
        }
    }

    /// Reads the entries in one bucket of a scope. `goes` says of a mark of use whether an entry that has it goes. One that
    /// stays and was marked at `unread_from` or later is left unread: an object is marked before its entry, or within the
    /// hour before that, so its own mark keeps it.
    pub(super) fn read_entries(
        &mut self,
        bucket: &Path,
        unread_from: SystemTime,
        mut goes: impl FnMut(SystemTime) -> bool,
    ) {
        let names = match fs::symlink_metadata(bucket) {
            Ok(metadata) if metadata.is_dir() => files::read_names(bucket),
            Err(error) if files::is_not_there(&error) => return,
            // A link would lead to somebody else's files.
            _ => return self.incomplete = true,
        };
        let Ok(names) = names else {
            self.incomplete = true;
            return;
        };
        for name in names {
            let path = bucket.join(&name);
            // What stands in an entry's place names nothing.
            let metadata = fs::symlink_metadata(&path).ok();
            let used = metadata
                .filter(|metadata| metadata.is_file() && files::digest_of(&name).is_some())
                .and_then(|metadata| metadata.modified().ok());
            let Some(used) = used else {
                continue;
            };
            let goes = goes(used);
            if goes || used < unread_from || self.has_others {
                self.read_entry(&path, goes);
            }
        }
    }

    fn read_entry(&mut self, path: &Path, goes: bool) {
        match read_entry(path) {
            Ok((entry, used)) => {
                if let Some(object) = entry.and_then(|entry| self.find_mut(&entry.output)) {
                    object.used = object.used.max(used);
                    object.released |= goes;
                    object.kept |= !goes;
                }
            }
            Err(error) => self.incomplete |= !files::is_not_there(&error),
        }
    }

    /// Ends the reading. Where not all entries could be read, each object counts as named by one that is as old as itself.
    pub(super) fn close(&mut self, goes: impl Fn(SystemTime) -> bool) {
        if self.incomplete {
            for object in self.buckets.iter_mut().flatten() {
                object.kept |= !goes(object.used);
            }
        }
    }

    /// Notes that there is something that could not be read.
    pub(super) fn note_gap(&mut self) {
        self.incomplete = true;
    }

    /// Chooses what goes so that `surplus` bytes less are there: the least recently used first, of those used at the same
    /// moment the largest. Only what `may_go`. How much of the surplus is left.
    pub(super) fn evict(&mut self, mut surplus: u64, may_go: impl Fn(&Object) -> bool) -> u64 {
        if surplus == 0 {
            return 0;
        }
        let mut candidates: Vec<_> = self.buckets.iter_mut().flatten().collect();
        candidates.retain(|object| may_go(object));
        candidates
            .sort_unstable_by_key(|object| (object.used, Reverse(object.size), object.digest));
        for object in candidates {
            if surplus == 0 {
                break;
            }
            object.evicted = true;
            surplus = surplus.saturating_sub(object.size);
        }
        surplus
    }

    /// All objects.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.buckets.iter().flatten()
    }

    /// The object of this name.
    pub(super) fn find(&self, digest: &Digest) -> Option<&Object> {
        let bucket = &self.buckets[usize::from(digest.as_bytes()[0])];
        position(bucket, digest).map(|position| &bucket[position])
    }

    fn find_mut(&mut self, digest: &Digest) -> Option<&mut Object> {
        let bucket = &mut self.buckets[usize::from(digest.as_bytes()[0])];
        position(bucket, digest).map(|position| &mut bucket[position])
    }
}

fn position(bucket: &[Object], digest: &Digest) -> Option<usize> {
    bucket
        .binary_search_by_key(digest, |object| object.digest)
        .ok()
}

/// The objects in a folder, by name. What keeps it from being read is told when something is to be removed from it.
fn objects_in(bucket: &Path, has_others: &mut bool) -> Vec<Object> {
    if !fs::symlink_metadata(bucket).is_ok_and(|metadata| metadata.is_dir()) {
        return Vec::new();
    }
    let user = rustix::process::geteuid().as_raw();
    let look = |name: &OsString| {
        let digest = files::digest_of(name)?;
        let metadata = fs::symlink_metadata(bucket.join(name)).ok()?;
        *has_others |= metadata.uid() != user;
        // A folder in an object's place is nothing that this program made.
        (!metadata.is_dir()).then_some(Object {
            digest,
            size: metadata.len(),
            used: metadata.modified().ok()?,
            kept: false,
            released: false,
            evicted: false,
        })
    };
    let mut objects: Vec<_> = files::names_in(bucket).iter().filter_map(look).collect();
    objects.shrink_to_fit();
    objects
}
