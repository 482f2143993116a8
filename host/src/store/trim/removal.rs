//! Removing old files from folders, one folder at a time. What cannot be removed stops nothing: it is noted, and the rest
//! goes.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::store::{files, private};

use super::UNTOUCHED;

/// Files that are removed under one lock. A put that waits for it waits for some 20 microseconds each.
const REMOVED_AT_A_TIME: usize = 32;

/// Between two locks on one folder: long enough that whoever waits for it wakes up and gets in between.
const PAUSE: Duration = Duration::from_micros(200);

/// A removal at work, and what stood in its way so far.
pub(super) struct Removal {
    dry_run: bool,
    now: SystemTime,
    /// The first thing that could not be removed.
    failure: Option<(PathBuf, io::Error)>,
    failures: u64,
}

impl Removal {
    /// Nothing is removed yet; with `dry_run`, nothing will be.
    pub(super) fn new(now: SystemTime, dry_run: bool) -> Self {
        Self {
            dry_run,
            now,
            failure: None,
            failures: 0,
        }
    }

    /// Tells of what could not be removed, now that all the rest is done.
    ///
    /// # Errors
    /// When there is something.
    pub(super) fn finish(self) -> io::Result<()> {
        let Some((path, error)) = self.failure else {
            return Ok(());
        };
        let others = match self.failures {
            1 => String::new(),
            failures => format!(" and {} more", failures - 1),
        };
        Err(io::Error::new(
            error.kind(),
            format!(
                "{}{others} cannot be removed: {error}. All the rest is done; see whose it is, and remove it yourself",
                path.display()
            ),
        ))
    }

    /// Notes what stood in the way.
    pub(super) fn note(&mut self, path: &Path, error: io::Error) {
        self.failures += 1;
        self.failure.get_or_insert_with(|| (path.to_owned(), error));
    }

    /// Sweeps one folder of the private objects.
    pub(super) fn remove_from_private(&mut self, bucket: &str) -> (u64, u64) {
        let private = private::folder();
        if !private::is_ours(&private) {
            return (0, 0);
        }
        self.remove_from(&private.join(bucket), self.now - UNTOUCHED)
    }

    /// Removes the files of `folder` last touched before `cutoff`; how many, and their bytes.
    pub(super) fn remove_from(&mut self, folder: &Path, cutoff: SystemTime) -> (u64, u64) {
        let names = match fs::symlink_metadata(folder) {
            Ok(metadata) if metadata.is_dir() => files::read_names(folder),
            // A link would lead to somebody else's files.
            Ok(_) => return (0, 0),
            Err(error) => Err(error),
        };
        let names = names.unwrap_or_else(|error| {
            self.note_unless_gone(folder, error);
            Vec::new()
        });
        let temporaries_before = self.now - UNTOUCHED;
        let is_old = |name: &OsString| {
            let cutoff = if files::is_temporary(name) {
                temporaries_before
            } else {
                cutoff
            };
            let metadata = fs::symlink_metadata(folder.join(name)).ok()?;
            let is_old = metadata.modified().ok()? < cutoff;
            // A folder in a file's place is nothing that this program made.
            (is_old && !metadata.is_dir()).then_some(metadata.len())
        };
        let candidates: Vec<_> = names
            .into_iter()
            .filter(|name| is_ours(name) && is_old(name).is_some())
            .collect();
        let (mut count, mut bytes) = (0, 0);
        for (turn, few) in candidates.chunks(REMOVED_AT_A_TIME).enumerate() {
            if turn > 0 {
                thread::sleep(PAUSE);
            }
            let _lock = match files::lock_exclusive(folder) {
                Ok(lock) => lock,
                Err(error) => {
                    self.note_unless_gone(folder, error);
                    return (count, bytes);
                }
            };
            for name in few {
                // The last look, now that nobody can touch or replace it.
                let Some(size) = is_old(name) else {
                    continue;
                };
                let counts = !files::is_temporary(name);
                if (self.dry_run || self.remove(&folder.join(name))) && counts {
                    count += 1;
                    bytes += size;
                }
            }
        }
        (count, bytes)
    }

    /// Sweeps what killed processes left half written in `folder` itself.
    pub(super) fn remove_temporaries(&mut self, folder: &Path) {
        for name in files::names_in(folder) {
            let path = folder.join(&name);
            // One that is gone by now has got its name: a store is being made, or its sessions are folded.
            let is_left = fs::symlink_metadata(&path)
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|modified| modified < self.now - UNTOUCHED);
            if files::is_temporary(&name) && is_left {
                self.remove(&path);
            }
        }
    }

    /// Removes a file; whether that is done, by this process.
    fn remove(&mut self, path: &Path) -> bool {
        match fs::remove_file(path) {
            Ok(()) => true,
            Err(error) => {
                self.note_unless_gone(path, error);
                false
            }
        }
    }

    /// Where somebody else was quicker, or put something in the place of the folder above, there is nothing to remove.
    fn note_unless_gone(&mut self, path: &Path, error: io::Error) {
        if !files::is_not_there(&error) {
            self.note(path, error);
        }
    }
}

/// Whether this program gives files such names: digests, and what is still being written.
fn is_ours(name: &OsString) -> bool {
    files::is_temporary(name) || files::digest_of(name).is_some()
}

/// Removes the folders of a scope that no longer holds anything: every pull request may have had one.
pub(super) fn remove_empty(scope: &Path) {
    for bucket in files::names_in(scope) {
        // Fails where something is inside, which is the point.
        let _ = fs::remove_dir(scope.join(bucket));
    }
    let _ = fs::remove_dir(scope);
}
