//! Trims some scopes to what their tenant may keep: the least recently used entries go. Other
//! scopes keep theirs, and an object goes with a later trim, once no entry names it.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use cachewarden_types::{Digest, Pattern, ScopeName};

use super::remover::Remover;
use crate::entry::read_entry;
use crate::lookup_cache::remove_tables;
use crate::shards::{SHARDS, shard_name};
use crate::{Store, Usage, files};

/// An entry that may go.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    used: SystemTime,
    action: Digest,
    /// The index of its scope.
    scope: usize,
    bytes: u64,
}

impl Store {
    /// Removes the least recently used entries of the scopes that match, until these keep at most
    /// `most`; returns how many were removed. Entries that are in use may go as well, since a build
    /// does not need the entry of an object that it was given.
    ///
    /// # Errors
    /// When something could not be removed; all the rest has been by then.
    pub fn trim_to_usage(&self, scopes: &[Pattern], most: Usage) -> io::Result<u64> {
        let Some(folder) = self.folder() else {
            return Ok(0);
        };
        let mut remover = Remover::new(SystemTime::now(), false, self.private.folder());
        let mut concerned = remover.scopes(folder);
        concerned.retain(|(scope, _)| scopes.iter().any(|pattern| pattern.matches(scope)));
        let goes = surplus(candidates(&concerned), most);
        let mut removed = 0;
        if !goes.is_empty() {
            let is_concerned = |scope: &ScopeName| concerned.iter().any(|(one, _)| one == scope);
            remove_tables(folder, is_concerned);
            for (scope, (_, folder)) in concerned.iter().enumerate() {
                for shard in 0..SHARDS {
                    let shard = folder.join(shard_name(shard));
                    let is_surplus = |_: &_, action, _| goes.contains(&(scope, action));
                    removed += remover.remove_from(&shard, is_surplus).0;
                }
            }
            if let Some(owned) = self.owned() {
                owned.usage.recount(folder, is_concerned);
            }
        }
        remover.finish().map(|()| removed)
    }
}

/// Every entry of these scopes.
fn candidates(scopes: &[(ScopeName, PathBuf)]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (scope, (_, folder)) in scopes.iter().enumerate() {
        for shard in 0..SHARDS {
            let shard = folder.join(shard_name(shard));
            for name in files::names_in(&shard) {
                let Some(action) = files::digest_of(&name) else {
                    continue;
                };
                if let Ok((entry, used)) = read_entry(&shard.join(name)) {
                    let size = entry.map_or(0, |entry| entry.size);
                    found.push(Candidate {
                        used,
                        action,
                        scope,
                        bytes: Usage::of_entry(size).bytes,
                    });
                }
            }
        }
    }
    found
}

/// The scopes and actions of the entries that go, the least recently used first.
fn surplus(mut candidates: Vec<Candidate>, most: Usage) -> HashSet<(usize, Digest)> {
    candidates.sort_unstable();
    let mut entries = candidates.len() as u64;
    let mut bytes: u64 = candidates.iter().map(|candidate| candidate.bytes).sum();
    let is_surplus = |candidate: &Candidate| {
        let is_surplus = entries > most.entries || bytes > most.bytes;
        entries -= 1;
        bytes -= candidate.bytes;
        is_surplus
    };
    let surplus = candidates.iter().scan(is_surplus, |is_surplus, candidate| {
        is_surplus(candidate).then_some((candidate.scope, candidate.action))
    });
    surplus.collect()
}
