//! Answers a get: the session's own puts first, then the granted scopes in order, each candidate by
//! the host's rules and with the policy's verdict.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_protocol::{Hit, Response, ResponseSink};
use cachewarden_recording::{Line, QuestionRecord};
use cachewarden_store::{CacheHit, Location};
use cachewarden_types::{Candidate, Digest, Kind, Lookup, reasons};

use super::Session;
use super::effective_grant::ReadScope;
use super::verification::{Hashed, IN_BACKGROUND_FROM, WaitingGet};

/// Audits that may wait for their put: the client chooses whether one comes.
const MAX_AUDITS: usize = 65_536;

/// A get that was not answered yet.
pub(super) struct PendingGet {
    id: i64,
    action: Digest,
    time: SystemTime,
    /// How many of the scopes that may be read were looked into.
    scopes_searched: usize,
    /// An entry was found, and a rule or the policy refused it.
    is_refused: bool,
    /// The recording has a line about this get already.
    is_recorded: bool,
    /// A policy has decided about what was found last.
    is_decided: bool,
}

/// How far the search for a get came.
enum Search {
    /// It is a hit.
    Hit(CacheHit),
    /// No scope has anything that may be answered.
    Miss,
    /// It is a hit if the object's bytes are what its name says.
    Unverified(CacheHit),
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
        let mut get = PendingGet {
            id,
            action: *action,
            time: now,
            scopes_searched: 0,
            is_refused: false,
            is_recorded: false,
            is_decided: false,
        };
        let search = self.search(&mut get);
        // Whatever was found: a false entry must not hide what belongs to the action.
        self.roles.note(action);
        self.conclude(get, search, sink)
    }

    /// Answers gets whose object was hashed meanwhile.
    pub(super) fn answer_verified(&mut self, sink: &mut impl ResponseSink) -> io::Result<()> {
        while let Some((waiting, hashed)) = self.verifications.next_verified(&self.store) {
            for waiting in waiting {
                match hashed {
                    Hashed::Sound => self.resume(waiting, true, sink)?,
                    Hashed::Damaged => self.resume(waiting, false, sink)?,
                    Hashed::Not => self.give_up(&waiting, reasons::NOT_HASHED, sink)?,
                }
            }
        }
        Ok(())
    }

    /// Answers the gets that wait still with a miss: the client is about to end, and waits for
    /// nothing slow.
    pub(super) fn give_up_waiting(&mut self, sink: &mut impl ResponseSink) -> io::Result<()> {
        for waiting in self.verifications.give_up() {
            self.give_up(&waiting, reasons::SESSION_ENDS, sink)?;
        }
        Ok(())
    }

    /// Answers a get with a miss whose object was not hashed.
    fn give_up(
        &mut self,
        WaitingGet { get, .. }: &WaitingGet,
        reason: &'static str,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.record_answer("get", &get.action, "miss", reason);
        self.answer_miss(get, sink)
    }

    /// Answers a get, or lets it wait for its object to be hashed.
    fn conclude(
        &mut self,
        get: PendingGet,
        search: Search,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        match search {
            Search::Hit(found) => self.answer_hit(&get, found, sink),
            Search::Miss => self.answer_miss(&get, sink),
            Search::Unverified(found) => {
                let waiting = WaitingGet { get, found };
                match self.verifications.start(&self.store, waiting) {
                    Ok(()) => Ok(()),
                    // Too many wait, or there is no thread. It is not hashed here: every other
                    // request would wait for that.
                    Err(waiting) => self.give_up(&waiting, reasons::NOT_HASHED, sink),
                }
            }
        }
    }

    /// Goes on with a get whose object was hashed.
    fn resume(
        &mut self,
        WaitingGet { mut get, found }: WaitingGet,
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
                .object_exists(Location::Store, &entry.output, entry.size, get.time);
        let accepted = match self.policies.is_off() || found.entry.has_expired(get.time) {
            true => None,
            false => self.accept(&mut get, found, is_sound),
        };
        let search = match accepted {
            Some(found) => Search::Hit(found),
            None => self.search(&mut get),
        };
        self.conclude(get, search, sink)
    }

    fn answer_hit(
        &mut self,
        get: &PendingGet,
        found: CacheHit,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.tally.hits += 1;
        let entry = &found.entry;
        let hit = Hit {
            output: entry.output,
            size: entry.size,
            time: entry.time,
            disk_path: &self.paths.path(&self.store, Location::Store, &entry.output),
        };
        sink.send(&Response::Hit(get.id, hit))?;
        self.remember_last_hit();
        self.last_hit = Some(found);
        Ok(())
    }

    fn answer_miss(&mut self, get: &PendingGet, sink: &mut impl ResponseSink) -> io::Result<()> {
        self.tally.refused_gets += u64::from(get.is_refused);
        sink.send(&Response::Miss(get.id))
    }

    /// Notes the last hit in the lookup cache, when nobody waits for it any more.
    pub(super) fn remember_last_hit(&mut self) {
        if let Some(found) = self.last_hit.take() {
            self.store.remember(found);
        }
    }

    /// Looks into the scopes that were not searched yet.
    fn search(&mut self, get: &mut PendingGet) -> Search {
        if self.policies.is_off() {
            self.record_answer("get", &get.action, "miss", reasons::POLICY_OFF);
            return Search::Miss;
        }
        let read = Arc::clone(&self.access.read);
        for scope in &read[get.scopes_searched..] {
            get.scopes_searched += 1;
            let PendingGet { action, time, .. } = *get;
            let Some(mut found) = self.store.lookup(&scope.name, scope.right, &action, time) else {
                continue;
            };
            // Only now: a way leads to what exists, so it is found out once there is an object.
            if !self.paths.reach(&self.store, Location::Store, time) {
                continue;
            }
            if let Some(reason) = self.rule_against_entry(&action, &mut found.entry, scope) {
                self.record_answer("get", &action, "miss", reason);
                (get.is_refused, get.is_recorded) = (true, true);
                continue;
            }
            let verdict = self.ask_get(&action, &found, scope, time);
            get.is_decided = verdict.is_some();
            get.is_recorded |= get.is_decided;
            match verdict {
                None | Some(Lookup::Hit | Lookup::HitVerified) => {}
                Some(Lookup::Skip) => {
                    get.is_refused = true;
                    continue;
                }
                Some(Lookup::Miss) => {
                    get.is_refused = true;
                    return Search::Miss;
                }
                Some(Lookup::Audit) => {
                    get.is_refused = true;
                    // One too many is built again as well, and not compared.
                    if self.audits.len() < MAX_AUDITS {
                        self.audits.insert(action, found.entry.output);
                    }
                    return Search::Miss;
                }
            }
            let must_verify =
                verdict == Some(Lookup::HitVerified) || self.store.is_unverified(&found);
            if must_verify && found.entry.size >= IN_BACKGROUND_FROM {
                return Search::Unverified(found);
            }
            let is_sound = !must_verify || self.verify(&found);
            if let Some(found) = self.accept(get, found, is_sound) {
                return Search::Hit(found);
            }
        }
        if !get.is_recorded {
            self.record_answer("get", &get.action, "miss", reasons::ABSENT);
        }
        Search::Miss
    }

    /// Prepares what was found to be answered; `None` where its object is damaged or gone, or the
    /// client's view has no room for it.
    fn accept(
        &mut self,
        get: &mut PendingGet,
        mut found: CacheHit,
        is_sound: bool,
    ) -> Option<CacheHit> {
        let reason = match is_sound && self.store.touch(&mut found, get.time) {
            true => match self.publish(&found) {
                Ok(()) => {
                    if !get.is_decided {
                        self.record_answer("get", &get.action, "hit", reasons::NO_QUESTION);
                    }
                    return Some(found);
                }
                Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                    get.is_refused = true;
                    self.warn_quota();
                    reasons::QUOTA
                }
                Err(_) => reasons::DAMAGED,
            },
            false => reasons::DAMAGED,
        };
        get.is_recorded = true;
        self.record_answer("get", &get.action, "miss", reason);
        None
    }

    /// Whether an object's bytes are what its name says.
    fn verify(&self, found: &CacheHit) -> bool {
        self.store
            .verify_object(&found.entry.output, found.entry.size)
    }

    /// Makes what was found readable for the client, and executable where it is a program.
    fn publish(&self, found: &CacheHit) -> io::Result<()> {
        let (store, output) = (&self.store, &found.entry.output);
        match found.entry.content.kind {
            Kind::Executable => self.paths.make_executable(store, Location::Store, output),
            _ => self.paths.publish(store, Location::Store, output),
        }
    }

    /// The strictest verdict on a candidate; `None` where no policy decides gets. Every policy is
    /// asked, whatever an earlier one said: it may keep count, and an audit needs its offer.
    fn ask_get(
        &mut self,
        action: &Digest,
        found: &CacheHit,
        scope: &ReadScope,
        now: SystemTime,
    ) -> Option<Lookup> {
        let entry = &found.entry;
        let mut strictest = None;
        let mut facts = entry.content.facts.for_policies();
        if self.policies.len() > 0 {
            facts = facts.with(self.witnessed(action, &entry.output), true);
        }
        for (place, index) in (0..).zip(&scope.places) {
            let candidate = Candidate {
                action: *action,
                output: entry.output,
                size: entry.size,
                age: now
                    .duration_since(entry.time)
                    .unwrap_or(Duration::ZERO)
                    .as_secs(),
                scope: *index,
                kind: entry.content.kind,
                role: entry.content.role,
                facts,
            };
            let Some(verdict) = self
                .policies
                .at(place)
                .and_then(|policy| policy.get(&candidate))
            else {
                continue;
            };
            strictest = strictest.max(Some(verdict));
            self.record_with(place as u32, || {
                Line::Get(QuestionRecord::new(candidate, verdict))
            });
            self.report_events();
        }
        strictest
    }
}
