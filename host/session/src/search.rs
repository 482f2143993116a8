//! Searches the granted scopes on this machine, in order: each candidate is held against the host's
//! rules, and the policies give their verdict.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_recording::{Line, QuestionRecord};
use cachewarden_store::{CacheHit, Location, Right};
use cachewarden_types::{Candidate, Code, Facts, Kind, Lookup, reasons};

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
    /// It is a hit, from the scope at this position, if the object's bytes are what its name says.
    Unverified(usize, CacheHit),
}

/// A place on this machine where an entry may be: in a scope of the store, or of one of its bases.
#[derive(Clone, Copy, Default)]
pub(super) struct LocalPlace {
    /// The position of the scope among those that the session reads.
    scope: usize,
    /// The position of the base; `None` for the store.
    base: Option<usize>,
}

impl LocalPlace {
    /// The place after this one, where there are so many bases.
    fn next(self, bases: usize) -> Self {
        let base = self.base.map_or(0, |base| base + 1);
        match base < bases {
            true => Self {
                base: Some(base),
                ..self
            },
            false => Self {
                scope: self.scope + 1,
                base: None,
            },
        }
    }
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
        // In each scope the store comes first, and then its bases.
        let bases = self.store.bases().len();
        while let Some(scope) = read.get(get.next_place.scope) {
            let PendingGet { action, time, .. } = *get;
            let place = get.next_place;
            get.next_place = place.next(bases);
            let found = match place.base {
                None => self.store.lookup(&scope.name, scope.right, &action, time),
                Some(base) => self.store.lookup_in_base(base, &scope.name, &action, time),
            };
            let Some(mut found) = found else {
                continue;
            };
            // Only now: a way leads to what exists, so it is found out once there is an object.
            if !self.paths.reach(&self.store, found.location(), time) {
                self.warn_unreachable(found.location());
                continue;
            }
            // A base is a scope of others, whatever the session may do with that scope here.
            let right = match place.base {
                None => scope.right,
                Some(_) => Right::Read,
            };
            let is_put_here = self.is_put_here(&found.entry, right);
            let content = &mut found.entry.content;
            if let Some(reason) = self.rule_against_entry(&action, content, right, is_put_here) {
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
                return Search::Unverified(place.scope, found);
            }
            let is_sound = !must_verify || self.verify(&found);
            if let Some(found) = self.accept(get, place.scope, found, is_sound) {
                return Search::Hit(place.scope, found);
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

    /// Prepares what was found in a scope to be answered; `None` where its object is damaged or gone,
    /// or the client's view has no room for it.
    pub(super) fn accept(
        &mut self,
        get: &mut PendingGet,
        scope: usize,
        mut found: CacheHit,
        is_sound: bool,
    ) -> Option<CacheHit> {
        let reason = match is_sound && self.store.touch(&mut found, get.time) {
            true => match self.publish(scope, &found, get.time) {
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
            .verify_object(found.location(), &found.entry.output, found.entry.size)
    }

    /// Makes what was found readable for the client, and executable where it is a program. One that
    /// go has linked may depend on its name, so it must have it.
    fn publish(&self, scope: usize, found: &CacheHit, now: SystemTime) -> io::Result<()> {
        let (store, output) = (&self.store, &found.entry.output);
        let content = found.entry.content;
        match content.kind {
            Kind::Executable => {
                if content.facts.has(Facts::LINKED_HERE) {
                    store.touch_program_name(output, &self.access.read[scope].name, now)?;
                }
                self.paths.make_executable(store, found.location(), output)
            }
            _ => self.paths.publish(store, found.location(), output),
        }
    }

    /// Says once that a base is left out, because of the client's path to it.
    fn warn_unreachable(&mut self, location: Location) {
        let Location::Base(base) = location else {
            return;
        };
        let folder = self.store.bases().nth(base).unwrap_or(Path::new(""));
        let text = format!(
            "the base {} (--base) is not read: other users can replace a folder on the path to it or to GOCACHE, so go would not know it for a cache, and could move files out of it. Let nobody else write those folders (chmod go-w), or make the base read-only for this user",
            folder.display()
        );
        self.diagnostics.warn_once(Code::BaseUnusable, &text);
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
