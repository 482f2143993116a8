//! Whether a folder's path still leads to the folder that it led to: what is held open of a store that was moved away, or
//! removed and made anew, is not what the go command finds by the paths that it is told.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked at: often enough for what people and scripts do, seldom enough to cost a build nothing.
const INTERVAL: Duration = Duration::from_millis(200);

/// A folder and when it was last looked at.
#[derive(Debug)]
pub(super) struct FolderWatch {
    last: Mutex<(Instant, Option<(u64, u64)>)>,
}

impl FolderWatch {
    /// For a folder as its path leads to it now.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            last: Mutex::new((Instant::now(), identity(folder))),
        }
    }

    /// Whether the path was found to lead elsewhere, or nowhere, since the last time.
    pub(super) fn has_moved(&self, folder: &Path) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now.duration_since(last.0) < INTERVAL {
            return false;
        }
        let identity = identity(folder);
        let moved = identity != last.1;
        *last = (now, identity);
        moved
    }
}

/// Device and number of a folder.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
