//! Removes old files, one folder at a time. A file that cannot be removed does not stop the trim:
//! the error is noted, and the rest is removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use cachewarden_system::file_status::{self, FileId, Kind};
use cachewarden_system::replace::is_in_use;
use cachewarden_types::{Digest, ScopeName};

use crate::{access, files, layout, stats};

use super::MTIME_GRACE;

/// Files removed under one lock. A put that waits for the lock waits some 20 microseconds for each.
pub(crate) const REMOVALS_PER_LOCK: usize = 32;

/// The pause between two locks on one folder: long enough for a waiting process to wake up and take
/// the lock.
pub(crate) const LOCK_PAUSE: Duration = Duration::from_micros(200);

/// Removes files, and keeps the errors.
pub(super) struct Remover {
    dry_run: bool,
    now: SystemTime,
    /// The private folder, which is swept as well.
    private: PathBuf,
    /// The first thing that could not be removed.
    failure: Option<(PathBuf, io::Error)>,
    failures: u64,
}

impl Remover {
    /// With `dry_run`, files are counted and not removed.
    pub(super) fn new(now: SystemTime, dry_run: bool, private: &Path) -> Self {
        Self {
            dry_run,
            now,
            private: private.to_owned(),
            failure: None,
            failures: 0,
        }
    }

    /// Returns the first error, after everything else was removed.
    ///
    /// # Errors
    /// When a file could not be removed.
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

    /// Notes a file that could not be removed.
    pub(super) fn note(&mut self, path: &Path, error: io::Error) {
        self.failures += 1;
        self.failure.get_or_insert_with(|| (path.to_owned(), error));
    }

    /// Whether an error was noted.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The scopes of a store, and their folders. A folder that is a link is noted as an error and
    /// left alone.
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

    /// Removes old objects from one shard of the private folder.
    pub(super) fn remove_from_private(&mut self, shard: &str) -> (u64, u64) {
        if !access::is_private_dir(&self.private) {
            return (0, 0);
        }
        let before = self.now - MTIME_GRACE;
        self.remove_from(&self.private.join(shard), |_, _, used| used < before)
    }

    /// Removes the files of `folder` that `goes` selects by path, digest and time of last use.
    /// Returns their number and their bytes.
    pub(super) fn remove_from(
        &mut self,
        folder: &Path,
        mut goes: impl FnMut(&Path, Digest, SystemTime) -> bool,
    ) -> (u64, u64) {
        let names = match fs::symlink_metadata(folder) {
            Ok(metadata) if metadata.is_dir() => files::read_names(folder),
            // A link would lead out of the store.
            Ok(_) => return (0, 0),
            Err(error) => Err(error),
        };
        let names = names.unwrap_or_else(|error| {
            self.note_unless_gone(folder, error);
            Vec::new()
        });
        let temporaries_before = self.now - MTIME_GRACE;
        let mut candidates = Vec::new();
        for name in names {
            let path = folder.join(&name);
            // This program makes no folder in the place of a file.
            let Some(state) = FileState::at(&path) else {
                continue;
            };
            let goes = match files::digest_of(&name) {
                Some(digest) => goes(&path, digest, state.used),
                None => files::is_temporary(&name) && state.used < temporaries_before,
            };
            if goes {
                candidates.push((path, state));
            }
        }
        self.remove_unchanged(folder, &candidates)
    }

    /// Removes files that have not changed since they were selected. Unfinished files are removed
    /// but not counted.
    fn remove_unchanged(&mut self, folder: &Path, files: &[(PathBuf, FileState)]) -> (u64, u64) {
        let (mut count, mut bytes) = (0, 0);
        for (turn, batch) in files.chunks(REMOVALS_PER_LOCK).enumerate() {
            if turn > 0 {
                thread::sleep(LOCK_PAUSE);
            }
            let _lock = match files::lock_exclusive(folder) {
                Ok(lock) => lock,
                Err(error) => {
                    self.note_unless_gone(folder, error);
                    return (count, bytes);
                }
            };
            for (path, state) in batch {
                // The last check: under the lock no other process touches or replaces it.
                if FileState::at(path).as_ref() != Some(state) {
                    continue;
                }
                let counts = !path.file_name().is_some_and(files::is_temporary);
                if (self.dry_run || self.remove(path)) && counts {
                    count += 1;
                    bytes += state.size;
                }
            }
        }
        (count, bytes)
    }

    /// Removes unfinished files in `folder` itself, which killed processes left.
    pub(super) fn remove_temporaries(&mut self, folder: &Path) {
        for name in files::names_in(folder) {
            let path = folder.join(&name);
            // A file that is gone by now was renamed: a store is being made, or its sessions are
            // compacted.
            let is_left = fs::symlink_metadata(&path)
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|modified| modified < self.now - MTIME_GRACE);
            if files::is_temporary(&name) && is_left {
                self.remove(&path);
            }
        }
    }

    /// Removes the files that were locked for the folders below `root`. Those that somebody has
    /// open stay, since the system does not remove them then.
    #[cfg(windows)]
    pub(super) fn remove_locks(&mut self, root: &Path) {
        let folder = root.join(layout::LOCKS);
        if access::is_private_dir(&folder) {
            for name in files::names_in(&folder) {
                self.remove(&folder.join(name));
            }
        }
    }

    /// Removes a file; returns whether this process has removed it.
    fn remove(&mut self, path: &Path) -> bool {
        match fs::remove_file(path) {
            Ok(()) => true,
            // A build reads it just now, so it was used after all.
            Err(error) if is_in_use(&error) => false,
            Err(error) => {
                self.note_unless_gone(path, error);
                false
            }
        }
    }

    /// Notes an error, unless the file is gone: another process has removed it, or has replaced its
    /// folder.
    fn note_unless_gone(&mut self, path: &Path, error: io::Error) {
        if !files::is_not_there(&error) {
            self.note(path, error);
        }
    }
}

/// The state of a file when it was selected for removal.
#[derive(PartialEq)]
struct FileState {
    id: FileId,
    used: SystemTime,
    size: u64,
}

impl FileState {
    /// The state of the file at `path`; `None` for a folder.
    fn at(path: &Path) -> Option<Self> {
        let status = file_status::at(path).ok()?;
        (status.kind != Kind::Folder).then_some(Self {
            id: status.id,
            used: status.modified,
            size: status.size,
        })
    }
}

/// Removes the folders of a scope that is empty now: every pull request may have had one.
pub(super) fn remove_empty(scope: &Path) {
    for shard in files::names_in(scope) {
        // This fails for a folder that is not empty, as it should.
        let _ = fs::remove_dir(scope.join(shard));
    }
    let _ = fs::remove_dir(scope);
}

#[cfg(test)]
mod tests;
