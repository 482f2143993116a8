//! Removing old files from folders, one folder at a time. What cannot be removed stops nothing: it is noted, and the rest
//! goes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use cachewarden_types::{Digest, ScopeName};

use crate::suspect::{FileIdentity, identity};
use crate::{files, layout, private, stats};

use super::UNTOUCHED;

/// Files that are removed under one lock. A put that waits for it waits for some 20 microseconds each.
const REMOVED_AT_A_TIME: usize = 32;

/// Between two locks on one folder: long enough that whoever waits for it wakes up and gets in between.
const PAUSE: Duration = Duration::from_micros(200);

/// A removal at work, and what stood in its way so far.
pub(super) struct Removal {
    dry_run: bool,
    now: SystemTime,
    /// The private folder, which is swept as well.
    private: PathBuf,
    /// The first thing that could not be removed.
    failure: Option<(PathBuf, io::Error)>,
    failures: u64,
}

impl Removal {
    /// Nothing is removed yet; with `dry_run`, nothing will be.
    pub(super) fn new(now: SystemTime, dry_run: bool, private: &Path) -> Self {
        Self {
            dry_run,
            now,
            private: private.to_owned(),
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

    /// Whether something was noted.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The scopes of a store, and their folders. One that is a link is noted, and left alone.
    pub(super) fn scopes(&mut self, folder: &Path) -> Vec<(ScopeName, PathBuf)> {
        let mut scopes = Vec::new();
        for scope in stats::scopes(folder) {
            let path = layout::scope_path(folder, &scope);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => scopes.push((scope, path)),
                Ok(metadata) if metadata.is_symlink() => {
                    let reason = "it is a link, and nothing is removed through a link";
                    self.note(&path, io::Error::other(reason));
                }
                _ => {}
            }
        }
        scopes
    }

    /// Sweeps one folder of the private objects.
    pub(super) fn remove_from_private(&mut self, bucket: &str) -> (u64, u64) {
        if !private::is_ours(&self.private) {
            return (0, 0);
        }
        let before = self.now - UNTOUCHED;
        self.remove_from(&self.private.join(bucket), |_, _, used| used < before)
    }

    /// Removes those files of `folder` of which `goes` says so, by path, name and mark of use; how many, and their bytes.
    pub(super) fn remove_from(
        &mut self,
        folder: &Path,
        mut goes: impl FnMut(&Path, Digest, SystemTime) -> bool,
    ) -> (u64, u64) {
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
        let mut candidates = Vec::new();
        for name in names {
            let path = folder.join(&name);
            // A folder in a file's place is nothing that this program made.
            let Some(seen) = Seen::at(&path) else {
                continue;
            };
            let goes = match files::digest_of(&name) {
                Some(digest) => goes(&path, digest, seen.used),
                None => files::is_temporary(&name) && seen.used < temporaries_before,
            };
            if goes {
                candidates.push((path, seen));
            }
        }
        self.remove_unchanged(folder, &candidates)
    }

    /// Removes files that are still as they were seen. Those that were never finished do not count.
    fn remove_unchanged(&mut self, folder: &Path, files: &[(PathBuf, Seen)]) -> (u64, u64) {
        let (mut count, mut bytes) = (0, 0);
        for (turn, few) in files.chunks(REMOVED_AT_A_TIME).enumerate() {
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
            for (path, seen) in few {
                // The last look, now that nobody can touch or replace it.
                if Seen::at(path).as_ref() != Some(seen) {
                    continue;
                }
                let counts = !path.file_name().is_some_and(files::is_temporary);
                if (self.dry_run || self.remove(path)) && counts {
                    count += 1;
                    bytes += seen.size;
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

/// A file as it was seen before its removal.
#[derive(PartialEq)]
struct Seen {
    identity: FileIdentity,
    used: SystemTime,
    size: u64,
}

impl Seen {
    /// What is at `path`, unless that is a folder.
    fn at(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        (!metadata.is_dir()).then_some(Self {
            identity: identity(&metadata),
            used: metadata.modified().ok()?,
            size: metadata.len(),
        })
    }
}

/// Removes the folders of a scope that no longer holds anything: every pull request may have had one.
pub(super) fn remove_empty(scope: &Path) {
    for bucket in files::names_in(scope) {
        // Fails where something is inside, which is the point.
        let _ = fs::remove_dir(scope.join(bucket));
    }
    let _ = fs::remove_dir(scope);
}

#[cfg(test)]
mod tests;
