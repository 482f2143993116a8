//! No table.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cachewarden_types::{Digest, ScopeName};

use super::{CachedLookup, DirVersion};
use crate::boot::BootId;
use crate::entry::Entry;
use crate::shard_dir::ShardDir;

/// Nothing is in it, and nothing is kept.
#[derive(Debug)]
pub(crate) struct LookupCache;

/// Removes the tables of scopes: there are none.
pub(crate) fn remove_tables(_: &Path, _: impl Fn(&ScopeName) -> bool) {}

impl LookupCache {
    pub(crate) fn new(_: PathBuf) -> Self {
        Self
    }

    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn find(&self, _: &ShardDir, _: &Digest, _: BootId, _: SystemTime) -> CachedLookup {
        CachedLookup::NotCached(None)
    }

    pub(crate) fn insert(&self, _: &ShardDir, _: &Digest, _: &Entry, _: SystemTime, _: DirVersion) {
    }

    pub(crate) fn invalidate(&self, _: &Digest) {}
}
