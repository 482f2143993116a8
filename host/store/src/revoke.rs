//! Revocation: entries stop counting at once, because whoever has put them is not trusted any more.
//! Their objects stay until they are trimmed, since other entries may name them.
//!
//! An entry is removed under the lock that every removal takes, and only if it is still what was
//! read. What sessions of this process have in memory of it is given up: a slot of the lookup cache
//! is emptied, and an entry that a session has looked up and not yet answered is looked at again.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::SystemTime;

use cachewarden_types::{Digest, Kind, Pattern, ScopeName, since_1970};

use super::entry::{Entry, SessionId, read_entry};
use super::shards::in_parallel;
use super::shared::Shared;
use super::trim::{LOCK_PAUSE, REMOVALS_PER_LOCK};
use super::witnesses::{Record, Records};
use super::{Store, files, layout, stats};

/// What is revoked: the entries for which every condition that is given holds. At least one must
/// be given.
#[derive(Clone, Debug, Default)]
pub struct RevokeRequest {
    /// Entries of the scopes that match.
    pub scope: Option<Pattern>,
    /// Entries that one of these sessions has put.
    pub producers: Option<HashSet<SessionId>>,
    /// Entries that were put at this time or later.
    pub since: Option<SystemTime>,
    /// Entries that name this object.
    pub output: Option<Digest>,
    /// Entries of actions for which others have put other bytes: into the entry's own scope, or, if
    /// `scope` says which entries are meant, into any. Else who writes one scope could have the
    /// entries of all others revoked. Only a daemon's store knows of any.
    pub disputed: bool,
}

/// An entry that was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedEntry {
    /// Its scope.
    pub scope: ScopeName,
    /// Its action.
    pub action: Digest,
    /// The object that it named.
    pub output: Digest,
    /// The kind of that object.
    pub kind: Kind,
    /// The session that has put it.
    pub producer: SessionId,
    /// When it was put.
    pub time: SystemTime,
}

/// What was revoked; with a dry run, what would be.
#[derive(Debug, Default)]
pub struct RevokeReport {
    /// The entries, by scope and action.
    pub entries: Vec<RevokedEntry>,
    /// Records of witnesses that were removed.
    pub witnesses: u64,
}

impl Store {
    /// Revokes what the request names; with `dry_run`, only reports it. Entries that are put later
    /// count, also if the request would name them: end the sessions of a producer first.
    ///
    /// In a store that no daemon owns, a session of another process that reads an entry at this
    /// very moment may use it for up to a second.
    ///
    /// # Errors
    /// When the request gives no condition, or something could not be removed; all the rest has
    /// been by then.
    pub fn revoke(&self, request: &RevokeRequest, dry_run: bool) -> io::Result<RevokeReport> {
        if !request.has_condition() {
            let reason = "a revocation needs a condition, such as a scope or a producer";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let Some(shared) = &self.shared else {
            return Ok(RevokeReport::default());
        };
        let mut scopes = stats::scopes(&shared.folder);
        scopes.retain(|scope| request.concerns(scope));
        let revocation = Revocation {
            shared,
            scopes,
            request,
            dry_run,
        };
        let mut report = RevokeReport::default();
        let mut failure = None;
        in_parallel(
            |shard| revocation.shard(shard),
            |part: Part| {
                report.entries.extend(part.entries);
                report.witnesses += part.witnesses;
                failure = failure.take().or(part.failure);
            },
        )?;
        shared.revocations.fetch_add(1, Ordering::AcqRel);
        report.entries.sort_unstable_by(|one, other| {
            (&one.scope, one.action).cmp(&(&other.scope, other.action))
        });
        failure.map_or(Ok(report), Err)
    }
}

/// One revocation.
struct Revocation<'store> {
    shared: &'store Shared,
    scopes: Vec<ScopeName>,
    request: &'store RevokeRequest,
    dry_run: bool,
}

/// What was revoked in one shard.
#[derive(Default)]
struct Part {
    entries: Vec<RevokedEntry>,
    witnesses: u64,
    failure: Option<io::Error>,
}

impl Revocation<'_> {
    fn shard(&self, shard: &str) -> Part {
        let mut part = Part::default();
        for scope in &self.scopes {
            let folder = layout::scope_path(&self.shared.folder, scope);
            // A link would lead out of the store.
            if is_folder(&folder) && is_folder(&folder.join(shard)) {
                self.entries(scope, &folder.join(shard), &mut part);
            }
        }
        self.witnesses(shard, &mut part);
        part
    }

    fn entries(&self, scope: &ScopeName, folder: &Path, part: &mut Part) {
        let names = files::names_in(folder);
        let actions = names.iter().filter_map(|name| files::digest_of(name));
        let found = |action: Digest| {
            let path = folder.join(action.to_hex());
            self.matching(scope, &path, &action)
                .map(|entry| (path, action, entry))
        };
        let matching: Vec<_> = actions.filter_map(found).collect();
        for (turn, batch) in matching.chunks(REMOVALS_PER_LOCK).enumerate() {
            if turn > 0 && !self.dry_run {
                thread::sleep(LOCK_PAUSE);
            }
            if let Err(error) = self.batch(scope, folder, batch, part) {
                part.note(error);
            }
        }
    }

    fn batch(
        &self,
        scope: &ScopeName,
        folder: &Path,
        batch: &[(PathBuf, Digest, Entry)],
        part: &mut Part,
    ) -> io::Result<()> {
        if self.dry_run {
            let revoked = batch.iter();
            part.entries
                .extend(revoked.map(|(_, action, entry)| RevokedEntry::new(scope, action, entry)));
            return Ok(());
        }
        let entries = self.shared.entries(scope);
        let _lock = files::lock_exclusive(folder)?;
        for (path, action, _) in batch {
            // Under the lock nobody replaces it; a put may have before.
            let Some(entry) = self.matching(scope, path, action) else {
                continue;
            };
            if let Err(error) = fs::remove_file(path) {
                part.note(error);
                continue;
            }
            entries.forget(action);
            if let Some(owned) = &self.shared.owned {
                owned.usage.remove(scope, entry.size);
            }
            part.entries.push(RevokedEntry::new(scope, action, &entry));
        }
        Ok(())
    }

    /// The entry of a file, if it is to be revoked.
    fn matching(&self, scope: &ScopeName, path: &Path, action: &Digest) -> Option<Entry> {
        let (entry, _) = read_entry(path).ok()?;
        let entry = entry?;
        let request = self.request;
        let is_named = request.names(entry.producer, entry.time, &entry.output);
        let is_disputed = || {
            let owned = self.shared.owned.as_ref();
            owned.is_some_and(|owned| request.is_disputed(&owned.witnesses.of(action), scope))
        };
        (is_named && (!request.disputed || is_disputed())).then_some(entry)
    }

    /// Removes the records of the puts that are revoked, also of those whose entry another put has
    /// replaced.
    fn witnesses(&self, shard: &str, part: &mut Part) {
        let Some(owned) = &self.shared.owned else {
            return;
        };
        let folder = owned.witnesses.folder().join(shard);
        if !is_folder(&folder) {
            return;
        }
        let stays =
            |records: &Records, record: &Record| !self.request.names_record(records, record);
        for name in files::names_in(&folder) {
            let Some(action) = files::digest_of(&name) else {
                continue;
            };
            match owned.witnesses.retain(&action, self.dry_run, stays) {
                Ok(removed) => part.witnesses += removed as u64,
                Err(error) => part.note(error),
            }
        }
    }
}

impl RevokeRequest {
    fn has_condition(&self) -> bool {
        self.scope.is_some()
            || self.producers.is_some()
            || self.since.is_some()
            || self.output.is_some()
            || self.disputed
    }

    fn concerns(&self, scope: &ScopeName) -> bool {
        self.scope
            .as_ref()
            .is_none_or(|pattern| pattern.matches(scope))
    }

    fn names(&self, producer: SessionId, time: SystemTime, output: &Digest) -> bool {
        let is_producers = self.producers.as_ref();
        is_producers.is_none_or(|producers| producers.contains(&producer))
            && self.since.is_none_or(|since| time >= since)
            && self.output.is_none_or(|wanted| wanted == *output)
    }

    fn names_record(&self, records: &Records, record: &Record) -> bool {
        // A record has whole seconds: one of the second in which the time lies is revoked as well.
        let since = self.since.map(|since| since_1970(since).as_secs());
        let producers = self.producers.as_ref();
        self.concerns(&record.scope)
            && producers.is_none_or(|producers| producers.contains(&record.producer))
            && since.is_none_or(|since| record.time >= since)
            && self.output.is_none_or(|wanted| wanted == record.output)
            && (!self.disputed || self.is_disputed(records, &record.scope))
    }

    /// Whether an action with these records is disputed, for its entry in this scope.
    fn is_disputed(&self, records: &Records, scope: &ScopeName) -> bool {
        match &self.scope {
            Some(_) => records.is_disputed(),
            None => records.is_disputed_within(scope),
        }
    }
}

impl RevokedEntry {
    fn new(scope: &ScopeName, action: &Digest, entry: &Entry) -> Self {
        Self {
            scope: scope.clone(),
            action: *action,
            output: entry.output,
            kind: entry.content.kind,
            producer: entry.producer,
            time: entry.time,
        }
    }
}

impl Part {
    fn note(&mut self, error: io::Error) {
        if !files::is_not_there(&error) {
            self.failure.get_or_insert(error);
        }
    }
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

#[cfg(test)]
mod tests;
