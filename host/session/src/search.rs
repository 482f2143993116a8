//! Searches the granted scopes on this machine, in order: each candidate is held against the host's
//! rules, and the policies give their verdict.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_recording::{Line, QuestionRecord};
use cachewarden_store::{CacheHit, Location};
use cachewarden_types::{Candidate, Kind, Lookup, reasons};

use super::Session;
use super::effective_grant::ReadScope;
use super::get::PendingGet;
use super::waiting::IN_BACKGROUND_FROM;

/// Audits that may wait for their put: the client chooses whether one comes.
const MAX_AUDITS: usize = 65_536;

/// How far the search for a get came.
pub(super) enum Search {
    /// It is a hit, from the scope at this position.
    Hit(usize, CacheHit),
    /// It is a miss, wherever else there may be an entry.
    Miss,
    /// No scope on this machine has anything that may be answered.
    Absent,
    /// It is a hit if the object's bytes are what its name says.
    Unverified(CacheHit),
}

/// What becomes of a candidate.
pub(super) enum Ruling {
    /// It may be answered; only once its bytes were hashed for this get, where that is said.
    Accepted {
        /// The policy wants its bytes hashed.
        hashed: bool,
    },
    /// The search goes on.
    Skipped,
    /// The get is a miss.
    Missed,
}

impl Session {
    /// Looks into the scopes that were not searched yet.
    pub(super) fn search(&mut self, get: &mut PendingGet) -> Search {
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
            let is_put_here = self.is_put_here(&found.entry, scope);
            let content = &mut found.entry.content;
            if let Some(reason) =
                self.rule_against_entry(&action, content, scope.right, is_put_here)
            {
                self.record_answer("get", &action, "miss", reason);
                (get.is_refused, get.is_recorded) = (true, true);
                continue;
            }
            let must_verify = match self.judge(get, candidate(get, &found, time), scope) {
                Ruling::Accepted { hashed } => hashed || self.store.is_unverified(&found),
                Ruling::Skipped => continue,
                Ruling::Missed => return Search::Miss,
            };
            if must_verify && found.entry.size >= IN_BACKGROUND_FROM {
                return Search::Unverified(found);
            }
            let is_sound = !must_verify || self.verify(&found);
            if let Some(found) = self.accept(get, found, is_sound) {
                return Search::Hit(get.scopes_searched - 1, found);
            }
        }
        Search::Absent
    }

    /// What becomes of a candidate that no rule is against.
    pub(super) fn judge(
        &mut self,
        get: &mut PendingGet,
        candidate: Candidate,
        scope: &ReadScope,
    ) -> Ruling {
        let (action, output) = (candidate.action, candidate.output);
        let verdict = self.ask_get(candidate, scope);
        get.is_decided = verdict.is_some();
        get.is_recorded |= get.is_decided;
        match verdict {
            None | Some(Lookup::Hit) => return Ruling::Accepted { hashed: false },
            Some(Lookup::HitVerified) => return Ruling::Accepted { hashed: true },
            Some(Lookup::Skip | Lookup::Miss | Lookup::Audit) => get.is_refused = true,
        }
        match verdict {
            Some(Lookup::Skip) => return Ruling::Skipped,
            // One too many is built again as well, and not compared.
            Some(Lookup::Audit) if self.audits.len() < MAX_AUDITS => {
                self.audits.insert(action, output);
            }
            _ => {}
        }
        Ruling::Missed
    }

    /// Prepares what was found to be answered; `None` where its object is damaged or gone, or the
    /// client's view has no room for it.
    pub(super) fn accept(
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
    fn ask_get(&mut self, mut candidate: Candidate, scope: &ReadScope) -> Option<Lookup> {
        let mut strictest = None;
        if self.policies.len() > 0 {
            let witnessed = self.witnessed(&candidate.action, &candidate.output);
            candidate.facts = candidate.facts.with(witnessed, true);
        }
        for (place, index) in (0..).zip(&scope.places) {
            candidate.scope = *index;
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

/// What the policies are asked about. Each is told the place of the scope in its own grant.
fn candidate(get: &PendingGet, found: &CacheHit, now: SystemTime) -> Candidate {
    let entry = &found.entry;
    Candidate {
        action: get.action,
        output: entry.output,
        size: entry.size,
        age: age(entry.time, now),
        scope: 0,
        kind: entry.content.kind,
        role: entry.content.role,
        facts: entry.content.facts.for_policies(),
    }
}

/// Seconds since an entry was put.
pub(super) fn age(put: SystemTime, now: SystemTime) -> u64 {
    now.duration_since(put).unwrap_or(Duration::ZERO).as_secs()
}
