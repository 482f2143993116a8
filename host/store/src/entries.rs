//! The entries of one scope: each has a file, which is replaced as a whole, and the scope has a
//! lookup cache.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_system::file_at::{read_at, write_all_at};
use cachewarden_system::file_status::{FileId, Status};
use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::boot::BootId;
use super::entry::{Entry, MAX_LINE};
use super::files::{self, FILE_MODE};
use super::lookup_cache::{CachedLookup, DirVersion, LookupCache};
use super::objects::Location;
use super::shard_dir::ShardDir;

/// The entries of a scope.
#[derive(Debug)]
pub(super) struct Entries {
    shard_dir: ShardDir,
    lookup_cache: LookupCache,
}

/// What a session may do with a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Read its entries, and mark them as used; the content of no file below the scope's folder
    /// changes.
    Read,
    /// Read and put entries.
    Write,
}

/// Where a lookup found an entry.
#[derive(Debug)]
pub(super) enum LookupSource {
    /// In the lookup cache, which also says when the entry and its object were last marked as used.
    Table { used: SystemTime },
    /// In its own file.
    File(EntryFile),
}

/// The file that an entry was read from.
#[derive(Debug)]
pub(super) struct EntryFile {
    file: File,
    id: FileId,
    boot_offset: u64,
    /// When it was last marked as used.
    touched: SystemTime,
    /// The version of its shard before the file was read.
    version: Option<DirVersion>,
}

/// An entry that a lookup found, whose object exists.
#[derive(Debug)]
pub struct CacheHit {
    /// The entry.
    pub entry: Entry,
    pub(super) action: Digest,
    /// Where its object is.
    pub(super) location: Location,
    pub(super) right: Right,
    pub(super) entries: Arc<Entries>,
    /// `None` where the entry came from the lookup cache.
    pub(super) file: Option<EntryFile>,
    /// When its object was last marked as used.
    pub(super) object_used: SystemTime,
    /// How many revocations there had been before the lookup.
    pub(super) revocations: u64,
}

impl Entries {
    /// The entries in a scope's folder, and the scope's table in the lookup cache; neither need
    /// exist.
    pub(super) fn new(folder: PathBuf, table: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            shard_dir: ShardDir::new(folder, lock_timeout),
            lookup_cache: LookupCache::new(table),
        }
    }

    /// The entries of a scope of a base, in these shards, and their table, which is not in the base.
    pub(super) fn of_base(shard_dir: ShardDir, lookup_cache: LookupCache) -> Self {
        Self {
            shard_dir,
            lookup_cache,
        }
    }

    /// The entry of an action, even if it has expired.
    pub(super) fn find(
        &self,
        action: &Digest,
        boot: BootId,
        now: SystemTime,
    ) -> Option<(Entry, LookupSource)> {
        let version = match self.lookup_cache.find(&self.shard_dir, action, boot, now) {
            CachedLookup::Entry(entry, used) => return Some((entry, LookupSource::Table { used })),
            CachedLookup::NotCached(version) => version,
        };
        let (file, status) = self.shard_dir.open(action, false).ok()?;
        let mut buffer = [0; MAX_LINE];
        let length = read_at(&file, &mut buffer, 0).ok()?;
        let line = Entry::from_line(&buffer[..length])?;
        let file = EntryFile {
            file,
            id: status.id,
            boot_offset: line.boot_offset,
            touched: status.modified,
            version,
        };
        Some((line.entry, LookupSource::File(file)))
    }

    /// The entry in the file of an action, whatever the lookup cache has.
    pub(super) fn stored(&self, action: &Digest) -> Option<Entry> {
        self.stored_in(action).map(|(entry, _)| entry)
    }

    /// The same, with the metadata of the file.
    pub(super) fn stored_in(&self, action: &Digest) -> Option<(Entry, Status)> {
        let (file, status) = self.shard_dir.open(action, false).ok()?;
        let mut buffer = [0; MAX_LINE];
        let length = read_at(&file, &mut buffer, 0).ok()?;
        let line = Entry::from_line(&buffer[..length])?;
        Some((line.entry, status))
    }

    /// Makes every session of this process forget an entry that was removed.
    #[cfg(unix)]
    pub(super) fn forget(&self, action: &Digest) {
        self.lookup_cache.forget(action);
    }

    /// Writes the entry of an action, and invalidates its slot in the lookup cache.
    pub(super) fn put(&self, action: &Digest, entry: &Entry) -> io::Result<()> {
        let mut file = self.shard_dir.create(action, FILE_MODE)?;
        file.write_all(entry.to_line().as_bytes())?;
        if file.persist(action, &self.shard_dir.shard_path(action))? {
            self.lookup_cache.invalidate(action);
        }
        Ok(())
    }
}

impl CacheHit {
    /// Where its object is.
    pub fn location(&self) -> Location {
        self.location
    }

    /// Whether the entry's file still has this entry.
    pub(super) fn is_current(&self) -> bool {
        let stored = self.entries.stored(&self.action);
        stored.is_some_and(|stored| {
            (stored.output, stored.time, stored.producer)
                == (self.entry.output, self.entry.time, self.entry.producer)
        })
    }

    /// Marks the entry as used, and its object as hashed under `boot`: in the entry's file where
    /// the session may write the scope, and otherwise in the lookup cache alone. In a read-only
    /// store that is repeated at the next lookup.
    pub(super) fn mark(&mut self, boot: BootId, now: SystemTime) {
        let Some(file) = &mut self.file else {
            return;
        };
        let mut is_due = files::is_touch_due(file.touched, now);
        if !self.entry.boot.matches(boot) {
            if self.right == Right::Write {
                let renewed = renew_boot(&self.entries.shard_dir, &self.action, file, boot);
                is_due |= renewed.is_ok();
            }
            self.entry.boot = boot;
        }
        if is_due && file.file.set_modified(now).is_ok() {
            file.touched = now;
        }
    }

    /// The same for an entry of a base, in whose files nothing is written down. The hour after which
    /// it is looked at again begins now, since no use of it is ever marked.
    pub(super) fn mark_in_base(&mut self, boot: BootId, now: SystemTime) {
        self.entry.boot = boot;
        self.object_used = now;
        if let Some(file) = &mut self.file {
            file.touched = now;
        }
    }

    /// Inserts the entry into the lookup cache.
    pub(super) fn remember(&self, boot: BootId) {
        if let Some(file) = &self.file
            && let Some(version) = file.version
            && self.entry.boot.matches(boot)
        {
            let Entries {
                shard_dir,
                lookup_cache,
            } = &*self.entries;
            // The earlier of the two, so that both are marked again when it is due.
            let used = file.touched.min(self.object_used);
            lookup_cache.insert(shard_dir, &self.action, &self.entry, used, version);
        }
    }
}

/// Changes the boot in an entry's line, in place and only in the file that was read: a line that a
/// put has written meanwhile stays as it is. If a crash tears the line, its boot is another one,
/// and the object is hashed again.
fn renew_boot(
    shard_dir: &ShardDir,
    action: &Digest,
    read: &EntryFile,
    boot: BootId,
) -> io::Result<()> {
    let (file, status) = shard_dir.open(action, true)?;
    if status.id != read.id {
        return Err(io::Error::other("a put has replaced it"));
    }
    write_all_at(&file, boot.to_string().as_bytes(), read.boot_offset)
}

#[cfg(test)]
mod tests;
