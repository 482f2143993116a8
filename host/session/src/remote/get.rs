//! Goes on with a get that nothing on this machine has answered: the tiers are asked, the host's
//! rules and the policies decide about what one of them has, and only then its object is fetched.
//!
//! What always holds: nothing that a tier says is believed. The policies are asked about what the
//! entry claims; the object counts if its bytes hash to its name and show, on this machine, all that
//! was claimed.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_content::Content;
use cachewarden_protocol::{Hit, Response, ResponseSink};
use cachewarden_store::{Filled, Location, Right};
use cachewarden_types::{Candidate, Code, Digest, Facts, Kind, Role, reasons};

use super::Arrival;
use super::Remote;
use super::arrival::{Awaited, Found};
use super::local_object::LocalObject;
use super::{TierEntry, TierObject};
use crate::Session;
use crate::effective_grant::ReadScope;
use crate::get::PendingGet;
use crate::intake::TakenIn;
use crate::search::{Ruling, age};
use crate::waiting::{Download, RemoteGet};

/// The largest object that is fetched: an entry may say any size, and a tier may send as many bytes.
/// The largest programs that go links have some hundred megabytes.
const MAX_OBJECT: u64 = 1 << 30;

impl Session {
    /// Asks the tiers for a get that nothing on this machine has answered.
    pub(crate) fn search_tiers(
        &mut self,
        get: PendingGet,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let next = |remote: &Remote| remote.tiers.next_place(&get.action, get.tiers_from);
        let asked = self.remote.as_ref().filter(|remote| remote.is_asked());
        let Some((remote, place)) = asked.and_then(|remote| Some((remote, next(remote)?))) else {
            if !get.is_recorded {
                self.record_answer("get", &get.action, "miss", reasons::ABSENT);
            }
            return self.answer_miss(&get, sink);
        };
        let action = get.action;
        match self.waiting.find(get) {
            Ok(answer) => {
                remote.tiers.find(&action, place, answer);
                Ok(())
            }
            Err(get) => self.give_up(&get, reasons::NOT_FETCHED, sink),
        }
    }

    /// Goes on with a get for which the tiers were asked.
    pub(crate) fn resume_found(
        &mut self,
        mut get: PendingGet,
        found: Option<Found>,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let read = Arc::clone(&self.access.read);
        let Some(Found { mut entry, object }) = found else {
            // No place from there on has any.
            get.tiers_from.scope = read.len();
            return self.search_tiers(get, sink);
        };
        get.time = SystemTime::now();
        get.tiers_from = entry.place.next();
        if self.policies.is_off() {
            return self.give_up(&get, reasons::POLICY_OFF, sink);
        }
        let Some(scope) = read.get(entry.place.scope) else {
            return self.give_up(&get, reasons::ABSENT, sink);
        };
        if entry.expires.is_some_and(|end| end <= get.time) {
            return self.search_tiers(get, sink);
        }
        if entry.size > MAX_OBJECT {
            return self.go_on_without(get, reasons::NOT_FETCHED, sink);
        }
        // cmd/go holds it against when results of tests were last thrown away.
        entry.time = entry.time.min(get.time);
        entry.content = self.claims(&get.action, entry.content);
        let rule = self.rule_against_entry(&get.action, &mut entry.content, Right::Read, false);
        if let Some(reason) = rule {
            self.record_answer("get", &get.action, "miss", reason);
            (get.is_refused, get.is_recorded) = (true, true);
            return self.search_tiers(get, sink);
        }
        let candidate = candidate(&get, &entry);
        match self.judge(&mut get, candidate, scope) {
            // What comes over the network is always hashed.
            Ruling::Accepted { .. } => {
                let waiting = RemoteGet {
                    get,
                    entry,
                    object: Some(object),
                    is_damaged_here: false,
                };
                self.fetch(waiting, sink)
            }
            Ruling::Skipped => self.search_tiers(get, sink),
            Ruling::Missed => self.answer_miss(&get, sink),
        }
    }

    /// What is asked about: what the entry says, as far as the object can show it.
    fn claims(&mut self, action: &Digest, said: Content) -> Content {
        let is_bound = said.facts.has(Facts::BUILD_ID_MATCHES);
        let role = match self.roles.of(action) {
            Role::Unknown if is_bound && Role::Output.allows(said.kind) => Role::Output,
            known => known,
        };
        let facts = Facts::NONE
            .with(Facts::BUILD_ID_MATCHES, is_bound)
            .with(Facts::CLIMBS, said.facts.has(Facts::CLIMBS))
            .with(Facts::REMOTE, true);
        Content {
            kind: said.kind,
            role,
            facts,
        }
    }

    /// Has the object fetched that a tier's entry names, or read where it is on this machine.
    pub(crate) fn fetch(
        &mut self,
        mut waiting: RemoteGet,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let RemoteGet { get, entry, .. } = &waiting;
        let (action, output, size) = (get.action, entry.output, entry.size);
        let is_here = !waiting.is_damaged_here
            && self
                .store
                .object_exists(Location::Store, &output, size, get.time);
        if !is_here && let Some(reason) = self.quota.refuses(size) {
            self.warn_quota();
            return self.go_on_without(waiting.get, reason, sink);
        }
        let object: Option<Box<dyn TierObject>> = match is_here {
            true => Some(Box::new(LocalObject {
                store: Arc::clone(&self.store),
                output,
            })),
            false => waiting.object.take(),
        };
        let Some(object) = object else {
            return self.go_on_without(waiting.get, reasons::NOT_FETCHED, sink);
        };
        match self.waiting.fetch(waiting, object) {
            Ok(Some(download)) => {
                let awaited = Awaited {
                    store: Arc::clone(&self.store),
                    action,
                    role: self.roles.of(&action),
                    output,
                    size,
                };
                let Download {
                    ticket,
                    object,
                    reporter,
                } = download;
                object.fetch(Arrival::new(ticket, awaited, &reporter));
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(waiting) => self.give_up(&waiting.get, reasons::NOT_FETCHED, sink),
        }
    }

    /// Goes on with a get whose object was fetched, or was not.
    pub(crate) fn resume_arrived(
        &mut self,
        waiting: RemoteGet,
        arrived: Option<TakenIn>,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let Some(arrived) = arrived else {
            // What lies here under this name is damaged: it is fetched, and replaced. Where that
            // was tried the tier has failed.
            let waiting = RemoteGet {
                is_damaged_here: true,
                ..waiting
            };
            return self.fetch(waiting, sink);
        };
        let RemoteGet { mut get, entry, .. } = waiting;
        get.time = SystemTime::now();
        let read = Arc::clone(&self.access.read);
        let Some(scope) = read.get(entry.place.scope) else {
            return self.give_up(&get, reasons::ABSENT, sink);
        };
        if self.policies.is_off() {
            return self.give_up(&get, reasons::POLICY_OFF, sink);
        }
        let mut content = arrived.content;
        if !shows(content, entry.content) {
            self.warn_false_claims(&get.action, &entry, scope);
            return self.go_on_without(get, reasons::FALSE_CLAIMS, sink);
        }
        // What it claimed was allowed; what it shows may be more than that.
        let rule = self
            .rule_against_entry(&get.action, &mut content, Right::Read, false)
            .or_else(|| self.rule_against_put(content, arrived.has_unsafe_names));
        if let Some(reason) = rule {
            return self.go_on_without(get, reason, sink);
        }
        if let Some(reason) = self.quota.take(entry.size) {
            self.warn_quota();
            return self.go_on_without(get, reason, sink);
        }
        self.answer_arrived(&get, &entry, &arrived, scope, sink)
    }

    /// Answers a get with an object that came from a tier, and keeps its entry for the next one.
    fn answer_arrived(
        &mut self,
        get: &PendingGet,
        entry: &TierEntry,
        arrived: &TakenIn,
        scope: &ReadScope,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let (location, output) = (arrived.stored.location, &entry.output);
        let published = match arrived.content.kind {
            Kind::Executable => self.paths.make_executable(&self.store, location, output),
            _ => self.paths.publish_put(&self.store, location, output),
        };
        if published.is_err() {
            return self.give_up(get, reasons::NOT_WRITABLE, sink);
        }
        if location == Location::Store {
            let filled = Filled {
                output: *output,
                size: entry.size,
                time: entry.time,
                content: Content {
                    facts: arrived.content.facts.with(Facts::REMOTE, true),
                    ..arrived.content
                },
                expires: entry.expires,
                producer: entry.producer,
            };
            // Where that cannot be written the next session fetches it again.
            let filled = self
                .store
                .fill_entry(&scope.name, &get.action, &filled, get.time);
            if let (Ok(()), Some(remote)) = (filled, &mut self.remote) {
                remote.tiers.note_arrival(&get.action, entry.place);
            }
        }
        if !get.is_decided {
            self.record_answer("get", &get.action, "hit", reasons::NO_QUESTION);
        }
        self.tally.hits += 1;
        self.tally.remote_hits += 1;
        self.counts
            .hit(entry.place.scope, arrived.content, entry.size);
        self.counts.remote_hit(entry.size);
        // Only now: an object that does not count has saved nothing.
        if let Some(remote) = &mut self.remote {
            remote.patience.earn(entry.size);
        }
        if let Some(remote) = &mut self.remote {
            remote.tiers.note_hit(&get.action, entry.place.scope);
        }
        let path = self
            .paths
            .path_of_put(&self.store, location, output, get.time);
        let hit = Hit {
            output: *output,
            size: entry.size,
            time: entry.time,
            disk_path: &path,
        };
        sink.send(&Response::Hit(get.id, hit))
    }

    /// Searches on for a get: what was found last does not count.
    fn go_on_without(
        &mut self,
        mut get: PendingGet,
        reason: &'static str,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        self.record_answer("get", &get.action, "miss", reason);
        (get.is_refused, get.is_recorded) = (true, true);
        self.search_tiers(get, sink)
    }

    fn warn_false_claims(&mut self, action: &Digest, entry: &TierEntry, scope: &ReadScope) {
        self.diagnostics.warn(
            Code::FalseClaims,
            &format!(
                "the remote entry of action {action} in scope {} says that its object {} is {}, and its bytes show something else; session {} has put it. It does not count",
                scope.name, entry.output, entry.content.kind, entry.producer
            ),
        );
    }
}

/// Whether what an object shows is all that was claimed of it.
fn shows(shown: Content, claimed: Content) -> bool {
    let facts = shown.facts.with(Facts::REMOTE, true);
    shown.kind == claimed.kind && shown.role == claimed.role && facts.has(claimed.facts)
}

/// What the policies are asked about.
fn candidate(get: &PendingGet, entry: &TierEntry) -> Candidate {
    Candidate {
        action: get.action,
        output: entry.output,
        size: entry.size,
        age: age(entry.time, get.time),
        scope: 0,
        kind: entry.content.kind,
        role: entry.content.role,
        facts: entry.content.facts.for_policies(),
    }
}
