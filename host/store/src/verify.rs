//! Checks a whole store: every object against its name, every entry against its object.
//!
//! Verifying changes nothing, and no trim runs meanwhile. Repairing removes what is damaged: under the lock that a
//! removal always holds, and only the very file that was found damaged, so what a build has put in its place stays.
//! Nothing is followed out of the store, and nothing is opened that is no regular file.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cachewarden_types::{Digest, ScopeName};

use super::buckets::{BUCKETS, in_parallel, is_bucket};
use super::checked::Checked;
use super::entry::{Entry, MAX_LINE};
use super::finding::{Finding, Problem, Repair};
use super::suspect::{FileIdentity, Suspect, identity};
use super::{Progress, Store, files, layout, objects, schedule};

/// What was looked at, and what was wrong with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verified {
    /// Objects.
    pub objects: u64,
    /// Bytes of the objects.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
    /// Files and folders that are damaged, or were.
    pub damaged: u64,
    /// Those of them that were removed.
    pub removed: u64,
    /// Things that are no part of the store.
    pub strays: u64,
}

/// What is told while a store is verified.
#[derive(Debug)]
pub enum Told {
    /// Something is wrong.
    Finding(Finding),
    /// How far it is.
    Progress(Progress),
}

impl Store {
    /// Hashes every object and reads every entry, on all processors; with `repair`, removes what is damaged. Where a
    /// trimmer is at work, `waiting` is told which process that is, if that is known.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn verify(
        &self,
        repair: bool,
        waiting: impl FnOnce(Option<u32>),
        mut tell: impl FnMut(Told),
    ) -> io::Result<Verified> {
        let mut verified = Verified::default();
        let Some(folder) = self.folder() else {
            return Ok(verified);
        };
        // An object that goes before its entry would look lost.
        let _lock = schedule::keep_trimmers_away(folder, waiting);
        let pass = Pass {
            folder,
            scopes: scopes(folder),
            repair,
            damaged: Mutex::default(),
        };
        let mut done = 0;
        let mut hear = |checked: Checked| {
            verified.add(&checked);
            let findings = checked.findings.into_iter();
            findings.for_each(|finding| tell(Told::Finding(finding)));
            done += 1;
            tell(Told::Progress(Progress {
                done,
                of: 2 * BUCKETS + 1,
            }));
        };
        hear(pass.strays());
        // Objects first: whether an entry counts depends on its object.
        in_parallel(|bucket| pass.objects(bucket), &mut hear)?;
        in_parallel(|bucket| pass.entries(bucket), &mut hear)?;
        Ok(verified)
    }
}

impl Verified {
    fn add(&mut self, checked: &Checked) {
        self.objects += checked.objects;
        self.bytes += checked.bytes;
        self.entries += checked.entries;
        for finding in &checked.findings {
            *match finding.problem {
                Problem::Stray => &mut self.strays,
                _ => &mut self.damaged,
            } += 1;
            self.removed += u64::from(matches!(finding.repair, Repair::Removed));
        }
    }
}

/// One way through a store.
struct Pass<'store> {
    folder: &'store Path,
    scopes: Vec<PathBuf>,
    repair: bool,
    /// Objects that are damaged and still there, and which file each of them was: a put may heal it meanwhile.
    damaged: Mutex<HashMap<Digest, FileIdentity>>,
}

impl Pass<'_> {
    /// Looks for what is no part of the store, outside the folders that hold its files.
    fn strays(&self) -> Checked {
        let mut checked = Checked::default();
        let mut look = |folder: &Path, is_ours: fn(&OsStr) -> bool| {
            // The store's own folder may be a link, since whoever named it followed that; nothing in it may be.
            let look = match folder == self.folder {
                true => |path: &Path| fs::metadata(path),
                false => |path: &Path| fs::symlink_metadata(path),
            };
            for name in checked.names_in(folder, look) {
                if !is_ours(&name) && !files::is_temporary(&name) {
                    checked.note(folder.join(name), Problem::Stray);
                }
            }
        };
        look(self.folder, |name| {
            layout::FOLDERS.iter().any(|known| name == *known)
                || layout::FILES.iter().any(|known| name == *known)
        });
        look(&self.folder.join(layout::OBJECTS), is_bucket);
        look(&self.folder.join(layout::SCOPES), is_scope);
        for scope in &self.scopes {
            look(scope, is_bucket);
        }
        let lookup_cache = self.folder.join(layout::RECENT);
        look(&lookup_cache, is_scope);
        let tables = files::names_in(&lookup_cache).into_iter();
        let tables = tables
            .filter(|name| is_scope(name))
            .map(|name| lookup_cache.join(name));
        let files = layout::FILES.map(|name| self.folder.join(name));
        for path in files.into_iter().chain(tables) {
            // Their content is nobody's loss; something else in their place is in the way.
            checked.findings.extend(
                Suspect::find(&path, |_| Ok(None))
                    .map(|suspect| self.settle(path, suspect, || true)),
            );
        }
        checked
    }

    fn objects(&self, bucket: &str) -> Checked {
        let mut checked = Checked::default();
        let bucket = self.folder.join(layout::OBJECTS).join(bucket);
        for (path, name) in checked.files_in(&bucket) {
            checked.objects += 1;
            let mut bytes = 0;
            let suspect = Suspect::find(&path, |file| {
                let (found, size) = objects::hash(file)?;
                bytes = size;
                Ok((found != name).then_some(Problem::OtherBytes { size, found }))
            });
            checked.bytes += bytes;
            if let Some(suspect) = suspect {
                // Objects are never changed: the same file is still damaged.
                let identity = suspect.identity();
                let finding = self.settle(path, suspect, || true);
                match (&finding.problem, &finding.repair) {
                    (Problem::Unreadable(_), _) | (_, Repair::Removed) => {}
                    _ => drop(self.damaged().insert(name, identity)),
                }
                checked.findings.push(finding);
            }
        }
        checked
    }

    fn entries(&self, bucket: &str) -> Checked {
        let mut checked = Checked::default();
        // One that is a link was told of, and leads to somebody else's files.
        for scope in self.scopes.iter().filter(|scope| !scope.is_symlink()) {
            for (path, _) in checked.files_in(&scope.join(bucket)) {
                checked.entries += 1;
                let check = |file: &mut File| self.check_entry(file);
                if let Some(suspect) = Suspect::find(&path, check) {
                    // A put may have brought its object back meanwhile.
                    let still = || Suspect::find(&path, check).is_some();
                    let finding = self.settle(path.clone(), suspect, still);
                    checked.findings.push(finding);
                }
            }
        }
        checked
    }

    fn check_entry(&self, file: &mut File) -> io::Result<Option<Problem>> {
        let mut line = Vec::new();
        file.take(MAX_LINE as u64 + 1).read_to_end(&mut line)?;
        let entry = match Entry::from_line(&line) {
            Some(read) if line.len() <= MAX_LINE => read.entry,
            _ => return Ok(Some(Problem::NoLine)),
        };
        let (object, said) = (entry.output, entry.size);
        let metadata = match fs::symlink_metadata(layout::object_path(self.folder, &object)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(Problem::MissingObject(object)));
            }
            // Its folder cannot be read, which was told already.
            Err(_) => return Ok(None),
        };
        let found = metadata.len();
        Ok(
            if self.damaged().get(&object) == Some(&identity(&metadata)) {
                Some(Problem::DamagedObject(object))
            } else {
                (found != said).then_some(Problem::OtherSize {
                    object,
                    said,
                    found,
                })
            },
        )
    }

    /// What becomes of a file in which something was found.
    fn settle(&self, path: PathBuf, suspect: Suspect, still: impl Fn() -> bool) -> Finding {
        let repair = match self.repair && suspect.problem.is_mended_by_removal() {
            false => Repair::None,
            true => match suspect.remove(&path, still) {
                Ok(()) => Repair::Removed,
                Err(error) => Repair::Failed(error),
            },
        };
        Finding {
            path,
            problem: suspect.problem,
            repair,
        }
    }

    fn damaged(&self) -> MutexGuard<'_, HashMap<Digest, FileIdentity>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders of the store's scopes.
fn scopes(folder: &Path) -> Vec<PathBuf> {
    let scopes = folder.join(layout::SCOPES);
    let mut names = files::names_in(&scopes);
    names.retain(|name| is_scope(name));
    names.iter().map(|name| scopes.join(name)).collect()
}

fn is_scope(name: &OsStr) -> bool {
    name.to_str().and_then(ScopeName::from_folder).is_some()
}

#[cfg(test)]
mod tests;
