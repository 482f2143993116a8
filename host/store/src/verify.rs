//! Checks a whole store: every object against its name, every entry against its object.
//!
//! Verifying changes nothing, and no trim runs meanwhile. Repairing removes what is damaged: under
//! the lock that a removal always holds, and only the very file that was found damaged, so what a
//! build has put in its place stays. Nothing is followed out of the store, and nothing is opened
//! that is no regular file.

mod records;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cachewarden_system::file_status::{self, FileId};
use cachewarden_types::{Digest, ScopeName};

use super::damaged_file::DamagedFile;
use super::entry::{Entry, MAX_LINE};
use super::finding::{Finding, Problem, Repair};
use super::shard_report::ShardReport;
use super::shards::{SHARDS, in_parallel, is_shard};
use super::{
    Progress, Store, files, layout, objects, outbox, program_names, schedule, tier_id, tier_state,
};

/// The counts of a verification.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verified {
    /// Objects that were hashed.
    pub objects: u64,
    /// Bytes of those objects.
    pub bytes: u64,
    /// Entries that were read.
    pub entries: u64,
    /// Damaged files and folders, including those that were removed.
    pub damaged: u64,
    /// How many of the damaged files were removed.
    pub removed: u64,
    /// Files and folders that are not part of the store.
    pub unknown_files: u64,
}

/// An event that `verify` reports while it runs.
#[derive(Debug)]
pub enum VerifyEvent {
    /// A file or folder with a problem.
    Finding(Finding),
    /// How many steps are done.
    Progress(Progress),
}

impl Store {
    /// Hashes every object and reads every entry, on all processors; with `repair`, removes damaged
    /// files. Where a trimmer is running, calls `waiting` with its process ID, if that is known.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn verify(
        &self,
        repair: bool,
        waiting: impl FnOnce(Option<u32>),
        mut on_event: impl FnMut(VerifyEvent),
    ) -> io::Result<Verified> {
        let mut verified = Verified::default();
        let Some(folder) = self.folder() else {
            return Ok(verified);
        };
        // A trim removes entries before objects; in between, an entry's object would look missing.
        let _lock = schedule::lock_out_trimmer(folder, waiting);
        let verifier = Verifier {
            folder,
            scopes: scopes(folder),
            repair,
            damaged: Mutex::default(),
        };
        let mut done = 0;
        let mut on_report = |report: ShardReport| {
            verified.add(&report);
            let findings = report.findings.into_iter();
            findings.for_each(|finding| on_event(VerifyEvent::Finding(finding)));
            done += 1;
            on_event(VerifyEvent::Progress(Progress {
                done,
                of: 2 * SHARDS + 1,
            }));
        };
        on_report(verifier.unknown_files());
        // Objects first: an entry is checked against its object.
        in_parallel(|shard| verifier.objects(shard), &mut on_report)?;
        in_parallel(
            |shard| {
                let mut report = verifier.entries(shard);
                report.findings.extend(verifier.witnesses(shard).findings);
                report
            },
            &mut on_report,
        )?;
        Ok(verified)
    }
}

impl Verified {
    fn add(&mut self, report: &ShardReport) {
        self.objects += report.objects;
        self.bytes += report.bytes;
        self.entries += report.entries;
        for finding in &report.findings {
            *match finding.problem {
                Problem::UnknownFile => &mut self.unknown_files,
                _ => &mut self.damaged,
            } += 1;
            self.removed += u64::from(matches!(finding.repair, Repair::Removed));
        }
    }
}

/// One verification of a store.
struct Verifier<'store> {
    folder: &'store Path,
    scopes: Vec<PathBuf>,
    repair: bool,
    /// Damaged objects that were not removed, and the identity of each file: a put may replace one
    /// while the entries are checked.
    damaged: Mutex<HashMap<Digest, FileId>>,
}

impl Verifier<'_> {
    /// Looks for unknown files and folders, outside the shards that hold the store's files.
    fn unknown_files(&self) -> ShardReport {
        let mut report = ShardReport::default();
        let mut look = |folder: &Path, is_ours: fn(&OsStr) -> bool| {
            // The store's own folder may be a link, which the caller has followed; nothing inside
            // it may be one.
            let look = match folder == self.folder {
                true => |path: &Path| fs::metadata(path),
                false => |path: &Path| fs::symlink_metadata(path),
            };
            for name in report.names_in(folder, look) {
                if !is_ours(&name) && !files::is_temporary(&name) {
                    report.note(folder.join(name), Problem::UnknownFile);
                }
            }
        };
        look(self.folder, |name| {
            layout::FOLDERS.iter().any(|known| name == *known)
                || layout::FILES.iter().any(|known| name == *known)
        });
        look(&self.folder.join(layout::OBJECTS), is_shard);
        look(&self.folder.join(layout::SCOPES), is_scope);
        for scope in &self.scopes {
            look(scope, is_shard);
        }
        let lookup_cache = self.folder.join(layout::RECENT);
        look(&lookup_cache, is_table);
        look(&self.folder.join(layout::WITNESSES), is_shard);
        look(&self.folder.join(layout::TIERS), tier_id::is_tier);
        for tier in tier_state::folders(self.folder) {
            look(&tier, tier_state::is_known);
        }
        let outboxes = self.folder.join(layout::OUTBOX);
        look(&outboxes, tier_id::is_tier);
        let tiers = named_in(&outboxes, tier_id::is_tier);
        for tier in &tiers {
            look(tier, outbox::is_known);
        }
        let tables = named_in(&lookup_cache, is_table);
        let notes = tiers
            .iter()
            .filter(|tier| !tier.is_symlink())
            .flat_map(|tier| named_in(tier, outbox::is_known));
        let files = layout::FILES.map(|name| self.folder.join(name));
        for path in files.into_iter().chain(tables).chain(notes) {
            // Their content does not matter here; something else in their place is a problem.
            report.findings.extend(
                DamagedFile::find(&path, |_| Ok(None))
                    .map(|damaged_file| self.repair_or_report(path, damaged_file, || true)),
            );
        }
        report
    }

    fn objects(&self, shard: &str) -> ShardReport {
        let mut report = ShardReport::default();
        let shard = self.folder.join(layout::OBJECTS).join(shard);
        for (path, name) in report.files_in(&shard, program_names::is_folder) {
            report.objects += 1;
            let mut bytes = 0;
            let damaged_file = DamagedFile::find(&path, |file| {
                let (found, size) = objects::hash(file)?;
                bytes = size;
                Ok((found != name).then_some(Problem::OtherBytes { size, found }))
            });
            report.bytes += bytes;
            if let Some(damaged_file) = damaged_file {
                // Objects are never changed: the same file is still damaged.
                let id = damaged_file.id();
                let finding = self.repair_or_report(path, damaged_file, || true);
                match (&finding.problem, &finding.repair, id) {
                    (Problem::Unreadable(_), _, _) | (_, Repair::Removed, _) | (_, _, None) => {}
                    (_, _, Some(id)) => drop(self.damaged().insert(name, id)),
                }
                report.findings.push(finding);
            }
        }
        report
    }

    fn entries(&self, shard: &str) -> ShardReport {
        let mut report = ShardReport::default();
        // A scope folder that is a link leads out of the store; it was already reported.
        for scope in self.scopes.iter().filter(|scope| !scope.is_symlink()) {
            for (path, _) in report.files_in(&scope.join(shard), |_| false) {
                report.entries += 1;
                let check = |file: &mut File| self.check_entry(file);
                if let Some(damaged_file) = DamagedFile::find(&path, check) {
                    // A put may have brought its object back meanwhile.
                    let still = || DamagedFile::find(&path, check).is_some();
                    let finding = self.repair_or_report(path.clone(), damaged_file, still);
                    report.findings.push(finding);
                }
            }
        }
        report
    }

    fn check_entry(&self, file: &mut File) -> io::Result<Option<Problem>> {
        let mut line = Vec::new();
        file.take(MAX_LINE as u64 + 1).read_to_end(&mut line)?;
        let entry = match Entry::from_line(&line) {
            Some(read) if line.len() <= MAX_LINE => read.entry,
            _ => return Ok(Some(Problem::NoLine)),
        };
        let (object, said) = (entry.output, entry.size);
        let status = match file_status::at(&layout::object_path(self.folder, &object)) {
            Ok(status) => status,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(Problem::MissingObject(object)));
            }
            // Its folder cannot be read, which was already reported.
            Err(_) => return Ok(None),
        };
        let found = status.size;
        Ok(if self.damaged().get(&object) == Some(&status.id) {
            Some(Problem::DamagedObject(object))
        } else {
            (found != said).then_some(Problem::OtherSize {
                object,
                said,
                found,
            })
        })
    }

    /// Removes a damaged file if this is a repair, and makes the finding.
    fn repair_or_report(
        &self,
        path: PathBuf,
        damaged_file: DamagedFile,
        still: impl Fn() -> bool,
    ) -> Finding {
        let repair = match self.repair && damaged_file.problem.is_repaired_by_removal() {
            false => Repair::None,
            true => match damaged_file.remove(&path, still) {
                Ok(()) => Repair::Removed,
                Err(error) => Repair::Failed(error),
            },
        };
        Finding {
            path,
            problem: damaged_file.problem,
            repair,
        }
    }

    fn damaged(&self) -> MutexGuard<'_, HashMap<Digest, FileId>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders of the store's scopes.
fn scopes(folder: &Path) -> Vec<PathBuf> {
    named_in(&folder.join(layout::SCOPES), is_scope)
}

/// The paths in a folder that have such a name.
fn named_in(folder: &Path, is_ours: fn(&OsStr) -> bool) -> Vec<PathBuf> {
    let mut names = files::names_in(folder);
    names.retain(|name| is_ours(name));
    names.iter().map(|name| folder.join(name)).collect()
}

fn is_table(name: &OsStr) -> bool {
    layout::scope_of_table(name).is_some()
}

fn is_scope(name: &OsStr) -> bool {
    name.to_str().and_then(ScopeName::from_folder).is_some()
}

#[cfg(all(test, unix))] // They put links and devices in the place of files.
mod tests;
