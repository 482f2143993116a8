//! Answers a get: from the session's own puts first, then from the granted scopes on this machine,
//! then from the tiers.

use std::io;
use std::time::SystemTime;

use cachewarden_protocol::{Hit, Response, ResponseSink};
use cachewarden_store::{CacheHit, Location};
use cachewarden_types::{Digest, Kind, reasons};

use super::Session;
use super::completions::Hashed;
use super::remote::TierPlace;
use super::search::{LocalPlace, Search};
use super::waiting::{Done, UnverifiedGet};

/// A get that was not answered yet.
pub(super) struct PendingGet {
    pub(super) id: i64,
    pub(super) action: Digest,
    pub(super) time: SystemTime,
    /// The first place on this machine that was not looked into yet.
    pub(super) next_place: LocalPlace,
    /// Where the tiers were not asked yet.
    pub(super) tiers_from: TierPlace,
    /// An entry was found, and a rule or the policy refused it.
    pub(super) is_refused: bool,
    /// The recording has a line about this get already.
    pub(super) is_recorded: bool,
    /// A policy has decided about what was found last.
    pub(super) is_decided: bool,
}

impl PendingGet {
    fn new(id: i64, action: Digest, time: SystemTime) -> Self {
        Self {
            id,
            action,
            time,
            next_place: LocalPlace::default(),
            tiers_from: TierPlace::default(),
            is_refused: false,
            is_recorded: false,
            is_decided: false,
        }
    }
}

impl Session {
    pub(super) fn get(
        &mut self,
        id: i64,
        action: &Digest,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.tally.gets += 1;
        let now = SystemTime::now();
        if let Some(own) = self.own.get(action)
            && self.paths.reach(&self.store, own.location, now)
            && self
                .store
                .object_exists(own.location, &own.output, own.size, now)
            && self
                .paths
                .publish_put(&self.store, own.location, &own.output)
                .is_ok()
        {
            self.tally.hits += 1;
            self.counts.own_hit(own.size);
            let hit = Hit {
                output: own.output,
                size: own.size,
                time: own.time,
                disk_path: &self.paths.path(&self.store, own.location, &own.output),
            };
            sink.send(&Response::Hit(id, hit))?;
            self.record_answer("get", action, "hit", reasons::OWN_PUT);
            return Ok(());
        }
        // It may be in a scope that a put has just gone to.
        self.settle_entries();
        let mut get = PendingGet::new(id, *action, now);
        let search = self.search(&mut get);
        // Whatever was found: a false entry must not hide what belongs to the action.
        self.roles.note(action);
        self.conclude(get, search, sink)
    }

    /// Goes on with gets whose wait is over.
    pub(super) fn resume_waiting(&mut self, sink: &mut impl ResponseSink) -> io::Result<()> {
        while let Some(done) = self.waiting.next_done(&self.store) {
            match done {
                Done::Hashed(waiting, hashed) => {
                    for waiting in waiting {
                        match hashed {
                            Hashed::Sound => self.resume_hashed(waiting, true, sink)?,
                            Hashed::Damaged => self.resume_hashed(waiting, false, sink)?,
                            Hashed::Not => {
                                self.give_up(&waiting.get, reasons::NOT_HASHED, sink)?;
                            }
                        }
                    }
                }
                Done::Found(get, entry) => self.resume_found(get, entry, sink)?,
                Done::Arrived(first, arrived, others) => {
                    self.resume_arrived(first, arrived, sink)?;
                    for other in others {
                        self.fetch(other, sink)?;
                    }
                }
            }
        }
        self.warn_about_tiers();
        Ok(())
    }

    /// Answers the gets that wait still with a miss: the client is about to end, and waits for
    /// nothing slow.
    pub(super) fn give_up_waiting(&mut self, sink: &mut impl ResponseSink) -> io::Result<()> {
        for get in self.waiting.give_up() {
            self.give_up(&get, reasons::SESSION_ENDS, sink)?;
        }
        Ok(())
    }

    /// Answers a get with a miss that waits no longer.
    pub(super) fn give_up(
        &mut self,
        get: &PendingGet,
        reason: &'static str,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.record_answer("get", &get.action, "miss", reason);
        self.answer_miss(get, sink)
    }

    /// Answers a get, or lets it wait.
    fn conclude(
        &mut self,
        get: PendingGet,
        search: Search,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        match search {
            Search::Hit(scope, found) => self.answer_hit(&get, scope, found, sink),
            Search::Miss => self.answer_miss(&get, sink),
            Search::Absent => self.search_tiers(get, sink),
            Search::Unverified(scope, found) => {
                let waiting = UnverifiedGet { get, scope, found };
                match self.waiting.hash(&self.store, waiting) {
                    Ok(()) => Ok(()),
                    // Too many wait, or there is no thread. It is not hashed here: every other
                    // request would wait for that.
                    Err(waiting) => self.give_up(&waiting.get, reasons::NOT_HASHED, sink),
                }
            }
        }
    }

    /// Goes on with a get whose object was hashed.
    fn resume_hashed(
        &mut self,
        UnverifiedGet {
            mut get,
            scope,
            found,
        }: UnverifiedGet,
        is_sound: bool,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        // Some time may have passed: the policy may have failed for good meanwhile, and the object
        // may have been replaced while it was hashed.
        get.time = SystemTime::now();
        let entry = &found.entry;
        let is_sound = is_sound
            && self
                .store
                .object_exists(found.location(), &entry.output, entry.size, get.time);
        let accepted = match self.policies.is_off() || found.entry.has_expired(get.time) {
            true => None,
            false => self.accept(&mut get, scope, found, is_sound),
        };
        let search = match accepted {
            Some(found) => Search::Hit(scope, found),
            None => self.search(&mut get),
        };
        self.conclude(get, search, sink)
    }

    fn answer_hit(
        &mut self,
        get: &PendingGet,
        scope: usize,
        found: CacheHit,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.tally.hits += 1;
        let location = found.location();
        self.tally.base_hits += u64::from(matches!(location, Location::Base(_)));
        let entry = &found.entry;
        self.counts.hit(scope, entry.content, entry.size);
        let disk_path = match (entry.content.kind, location) {
            (Kind::Executable, Location::Store) => {
                let scope = &self.access.read[scope].name;
                self.paths.program_path(&self.store, scope, &entry.output)
            }
            _ => self.paths.path(&self.store, location, &entry.output),
        };
        let hit = Hit {
            output: entry.output,
            size: entry.size,
            time: entry.time,
            disk_path: &disk_path,
        };
        sink.send(&Response::Hit(get.id, hit))?;
        if let Some(remote) = &mut self.remote {
            remote.tiers.note_hit(&get.action, scope);
        }
        self.remember_last_hit();
        self.last_hit = Some(found);
        Ok(())
    }

    pub(super) fn answer_miss(
        &mut self,
        get: &PendingGet,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.tally.refused_gets += u64::from(get.is_refused);
        self.counts.missed(&get.action);
        self.linked.note_miss(&get.action);
        sink.send(&Response::Miss(get.id))
    }

    /// Notes the last hit in the lookup cache, when nobody waits for it any more.
    pub(super) fn remember_last_hit(&mut self) {
        if let Some(found) = self.last_hit.take() {
            self.store.remember(found);
        }
    }
}
