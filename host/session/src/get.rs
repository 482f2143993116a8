//! Answers a get: the session's own puts first, then the granted scopes in order, each candidate by the host's rules and
//! with the policy's verdict.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_protocol::{Hit, Response, ResponseSink};
use cachewarden_recording::{Line, QuestionRecord};
use cachewarden_store::{CacheHit, Location};
use cachewarden_types::{Candidate, Digest, Kind, Lookup, reasons};

use super::Session;
use super::effective_grant::ReadScope;

/// Audits that may wait for their put: the client chooses whether one comes.
const MAX_AUDITS: usize = 65_536;

/// Nothing was found that may be answered.
struct Miss {
    /// There was something, and the policy said no.
    refused: bool,
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
        match self.search(action, now) {
            Ok(found) => {
                self.tally.hits += 1;
                let entry = &found.entry;
                // Whatever was found: a false entry must not hide what belongs to the action.
                self.roles.note(action);
                let hit = Hit {
                    output: entry.output,
                    size: entry.size,
                    time: entry.time,
                    disk_path: &self.paths.path(&self.store, Location::Store, &entry.output),
                };
                sink.send(&Response::Hit(id, hit))?;
                self.settle();
                self.answered = Some(found);
                Ok(())
            }
            Err(Miss { refused }) => {
                self.tally.refused_gets += u64::from(refused);
                self.roles.note(action);
                sink.send(&Response::Miss(id))
            }
        }
    }

    /// What is left to do of the last answer, when nobody waits for it any more.
    pub(super) fn settle(&mut self) {
        if let Some(found) = self.answered.take() {
            self.store.remember(found);
        }
    }

    fn search(&mut self, action: &Digest, now: SystemTime) -> Result<CacheHit, Miss> {
        let nothing = |refused| Err(Miss { refused });
        if self.policies.is_off() {
            self.record_answer("get", action, "miss", reasons::POLICY_OFF);
            return nothing(false);
        }
        let (mut refused, mut asked) = (false, false);
        let read = Arc::clone(&self.access.read);
        for scope in read.iter() {
            let Some(mut found) = self.store.lookup(&scope.name, scope.right, action, now) else {
                continue;
            };
            // Only now: a way leads to what exists, so it is found out once there is an object.
            if !self.paths.reach(&self.store, Location::Store, now) {
                continue;
            }
            if let Some(reason) = self.rule_against_entry(action, &mut found.entry, scope) {
                self.record_answer("get", action, "miss", reason);
                (refused, asked) = (true, true);
                continue;
            }
            let verdict = self.ask_get(action, &found, scope, now);
            asked |= verdict.is_some();
            let verify = match verdict {
                None | Some(Lookup::Hit) => false,
                Some(Lookup::HitVerified) => true,
                Some(Lookup::Skip) => {
                    refused = true;
                    continue;
                }
                Some(Lookup::Miss) => return nothing(true),
                Some(Lookup::Audit) => {
                    // One too many is built again as well, and not compared.
                    if self.audits.len() < MAX_AUDITS {
                        self.audits.insert(*action, found.entry.output);
                    }
                    return nothing(true);
                }
            };
            if self.store.validate_and_touch(&mut found, verify, now) && self.can_be_run(&found) {
                if verdict.is_none() {
                    self.record_answer("get", action, "hit", reasons::NO_QUESTION);
                }
                return Ok(found);
            }
            self.record_answer("get", action, "miss", reasons::DAMAGED);
        }
        if !asked {
            self.record_answer("get", action, "miss", reasons::ABSENT);
        }
        nothing(refused)
    }

    /// Whether what was found has the mode of a program, where it is one.
    fn can_be_run(&self, found: &CacheHit) -> bool {
        found.entry.content.kind != Kind::Executable
            || self
                .store
                .allow_execution(Location::Store, &found.entry.output)
                .is_ok()
    }

    /// The strictest verdict on a candidate; `None` where no policy decides gets. Every policy is asked, whatever an earlier
    /// one said: it may keep count, and an audit needs its offer.
    fn ask_get(
        &mut self,
        action: &Digest,
        found: &CacheHit,
        scope: &ReadScope,
        now: SystemTime,
    ) -> Option<Lookup> {
        let entry = &found.entry;
        let mut strictest = None;
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
                facts: entry.content.facts.told(),
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
            self.tell_events();
        }
        strictest
    }
}
