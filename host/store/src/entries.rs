//! The entries of one scope: a file each, replaced whole, and a table of what was lately read of them.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_system::lock_timeout::LockTimeout;
use cachewarden_types::Digest;

use super::boot::Boot;
use super::entry::{Entry, MAX_LINE};
use super::files::{self, FILE_MODE};
use super::lookup_cache::{CachedLookup, DirVersion, LookupCache};
use super::shard_dir::ShardDir;

/// The entries of a scope.
#[derive(Debug)]
pub(super) struct Entries {
    buckets: ShardDir,
    lookup_cache: LookupCache,
}

/// What a session may do to a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Answer its entries, and mark them as used; not a byte below the scope's folder changes.
    Read,
    /// Put entries, too.
    Write,
}

/// Where an entry was found.
#[derive(Debug)]
pub(super) enum LookupSource {
    /// In the table of recent entries, which has when it and its object were last marked as used.
    Table { used: SystemTime },
    /// In its own file.
    File(EntryFile),
}

/// The file that an entry was read from.
#[derive(Debug)]
pub(super) struct EntryFile {
    file: File,
    identity: (u64, u64),
    boot_offset: u64,
    /// When it was last marked as used.
    touched: SystemTime,
    /// How its bucket looked before.
    stamp: Option<DirVersion>,
}

/// An entry that a get found, with the object it names.
#[derive(Debug)]
pub struct CacheHit {
    /// The entry.
    pub entry: Entry,
    pub(super) action: Digest,
    pub(super) right: Right,
    pub(super) entries: Arc<Entries>,
    /// None where it is remembered.
    pub(super) file: Option<EntryFile>,
    /// When its object was last marked as used.
    pub(super) object_used: SystemTime,
}

impl Entries {
    /// The entries in a scope's folder, and the table of what was lately read of them; neither need exist.
    pub(super) fn new(folder: PathBuf, table: PathBuf, lock_timeout: Arc<LockTimeout>) -> Self {
        Self {
            buckets: ShardDir::new(folder, lock_timeout),
            lookup_cache: LookupCache::new(table),
        }
    }

    /// An action's entry, whether it counts still or not.
    pub(super) fn find(
        &self,
        action: &Digest,
        boot: Boot,
        now: SystemTime,
    ) -> Option<(Entry, LookupSource)> {
        let stamp = match self.lookup_cache.find(&self.buckets, action, boot, now) {
            CachedLookup::Entry(entry, used) => return Some((entry, LookupSource::Table { used })),
            CachedLookup::Nothing(stamp) => stamp,
        };
        let (file, status) = self.buckets.open(action, false).ok()?;
        let mut buffer = [0; MAX_LINE];
        let length = file.read_at(&mut buffer, 0).ok()?;
        let line = Entry::from_line(&buffer[..length])?;
        let file = EntryFile {
            file,
            identity: status.identity,
            boot_offset: line.boot_offset,
            touched: status.modified,
            stamp,
        };
        Some((line.entry, LookupSource::File(file)))
    }

    /// Writes an action's entry.
    pub(super) fn put(&self, action: &Digest, entry: &Entry) -> io::Result<()> {
        let mut file = self.buckets.create(action, FILE_MODE)?;
        file.write_all(entry.to_line().as_bytes())?;
        if file.name(action, &self.buckets.bucket_path(action))? {
            self.lookup_cache.forget(action);
        }
        Ok(())
    }
}

impl CacheHit {
    /// Marks the entry as used, and its object as hashed under `boot`: in the entry's file where the session may write the
    /// scope, and else in the table alone. Where the store is read-only, that happens again the next time.
    pub(super) fn mark(&mut self, boot: Boot, now: SystemTime) {
        let Some(file) = &mut self.file else {
            return;
        };
        let mut is_due = files::is_touch_due(file.touched, now);
        if !self.entry.boot.vouches_under(boot) {
            if self.right == Right::Write {
                let renewed = renew_boot(&self.entries.buckets, &self.action, file, boot);
                is_due |= renewed.is_ok();
            }
            self.entry.boot = boot;
        }
        if is_due && file.file.set_modified(now).is_ok() {
            file.touched = now;
        }
    }

    /// Remembers it for the next time.
    pub(super) fn remember(&self, boot: Boot) {
        if let Some(file) = &self.file
            && let Some(stamp) = file.stamp
            && self.entry.boot.vouches_under(boot)
        {
            let Entries {
                buckets,
                lookup_cache,
            } = &*self.entries;
            // Whichever is due sooner: then both are marked as used again.
            let used = file.touched.min(self.object_used);
            lookup_cache.remember(buckets, &self.action, &self.entry, used, stamp);
        }
    }
}

/// Changes an entry's boot in place, in the very file that was read: if a put has replaced it meanwhile, that put's line
/// stays as it is. A line torn by a crash has some other boot, and its object is hashed again.
fn renew_boot(buckets: &ShardDir, action: &Digest, read: &EntryFile, boot: Boot) -> io::Result<()> {
    let (file, status) = buckets.open(action, true)?;
    if status.identity != read.identity {
        return Err(io::Error::other("a put has replaced it"));
    }
    file.write_all_at(boot.to_string().as_bytes(), read.boot_offset)
}

#[cfg(test)]
mod tests;
