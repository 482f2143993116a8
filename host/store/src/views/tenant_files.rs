//! How much the views of a tenant take, and how much they may.
//!
//! A file or a folder counts when it is made, and a sweep counts all of them again. What is made
//! during a count may count twice: the bound is then too strict until the next one, and not too
//! wide.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{LEAST_BYTES, files};

/// What a folder counts: a block.
pub(super) const FOLDER_BYTES: u64 = 4096;

/// The files of a tenant's views.
#[derive(Debug)]
pub(super) struct TenantFiles {
    most: AtomicU64,
    counted: AtomicU64,
    /// What was made since the last count began.
    made: AtomicU64,
}

impl TenantFiles {
    /// Nothing yet, and no bound.
    pub(super) fn new() -> Self {
        Self {
            most: AtomicU64::new(u64::MAX),
            counted: AtomicU64::new(0),
            made: AtomicU64::new(0),
        }
    }

    /// Sets how many bytes there may be.
    pub(super) fn bound(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// How many bytes there may be.
    pub(super) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// Whether a file of this size fits.
    pub(super) fn has_room(&self, size: u64) -> bool {
        let made = self.made.load(Ordering::Relaxed);
        let used = self.counted.load(Ordering::Relaxed).saturating_add(made);
        used.saturating_add(weight(size)) <= self.most()
    }

    /// Counts what was made.
    pub(super) fn add(&self, bytes: u64) {
        self.made.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Begins a count: what is made from now on is added to its result.
    pub(super) fn begin_count(&self) {
        let made = self.made.swap(0, Ordering::Relaxed);
        self.counted.fetch_add(made, Ordering::Relaxed);
    }

    /// Ends a count.
    pub(super) fn end_count(&self, bytes: u64) {
        self.counted.store(bytes, Ordering::Relaxed);
    }
}

/// What a file counts.
pub(super) fn weight(size: u64) -> u64 {
    size.max(LEAST_BYTES)
}

/// What everything below a folder counts. Links to objects take nothing.
pub(super) fn bytes_below(folder: &Path) -> u64 {
    let counted = files::names_in(folder).into_iter().map(|name| {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => FOLDER_BYTES + bytes_below(&path),
            Ok(metadata) if metadata.nlink() == 1 => weight(metadata.len()),
            Ok(_) | Err(_) => 0,
        }
    });
    counted.sum()
}
