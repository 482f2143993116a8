//! Answers a put: takes the object in, asks the policy how far it may travel, and writes the entry.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use cachewarden_content::Recogniser;
use cachewarden_protocol::{BodyError, RequestSource, Response, ResponseSink};
use cachewarden_recording::{Line, QuestionRecord};
use cachewarden_store as store;
use cachewarden_store::{NewEntry, PutError, StoredObject};
use cachewarden_types::{Code, Digest, Facts, Kind, Offer, Reach, Role, Rule, reasons};

use super::Session;
use super::entry_writer::{EntryWriter, KeptPut};
use super::intake::{Parts, TakenIn, take_in};
use super::local_puts::LocalPut;

/// The body of a put, as an object to take in.
struct Body<'source, S>(&'source mut S);

impl<S: RequestSource> Parts for Body<'_, S> {
    type Error = BodyError;

    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError> {
        self.0.next_part()
    }
}

/// Why a put has no object.
enum Failure {
    /// The client no longer waits for an answer.
    Abandoned,
    /// The request is wrong, for this reason.
    Invalid(String),
    /// The object can be written nowhere.
    Unwritable(io::Error),
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            // A broken stream has no reader of answers either: the next read says so.
            BodyError::Abandoned | BodyError::Read(_) => Self::Abandoned,
            BodyError::Malformed(problem) => Self::Invalid(problem),
        }
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Write(error) => Self::Unwritable(error),
            PutError::WrongHash { .. } => Self::Invalid(error.to_string()),
        }
    }
}

impl Session {
    pub(super) fn put(
        &mut self,
        id: i64,
        action: &Digest,
        output: Digest,
        size: u64,
        source: &mut impl RequestSource,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let made = self.counts.made(action);
        let received = self.receive(action, output, size, source);
        let TakenIn {
            stored,
            content,
            has_unsafe_names,
        } = match received {
            Ok(received) => received,
            Err(Failure::Abandoned) => return Ok(()),
            Err(Failure::Invalid(reason)) => {
                return sink.send(&Response::Failed(id, Code::InvalidRequest, reason));
            }
            Err(Failure::Unwritable(error)) => {
                self.diagnostics.warn_once(
                    Code::NothingWritable,
                    &format!(
                        "no object can be written, neither to the store nor to a private folder in TMPDIR ({error}); go may fail for it. Make room, or make one of the two writable"
                    ),
                );
                let reason = format!("the object cannot be written: {error}");
                return sink.send(&Response::Failed(id, Code::NothingWritable, reason));
            }
        };
        self.tally.puts += 1;
        self.tally.bytes_put += stored.size;
        self.counts.put(made, content, stored.size);
        if content.role == Role::LinkStdout {
            self.find_linked();
        }
        let now = SystemTime::now();
        // Before any rule: what is refused may be what shows that the entry was wrong.
        let audited = self.compare_audited(action, output);
        if let Some(reason) = self.rule_against_put(content, has_unsafe_names) {
            self.tally.refused_puts += 1;
            self.record_answer("put", action, "ephemeral", reason);
            if content.kind.rule() == Rule::Admitted {
                // Not even this session gets it again: it would be run.
                self.own.forget(action);
                return self.send_path(id, output, &stored, now, sink);
            }
            // It is this go command's own: `go list -compiled -test` asks at once for a list with
            // an absolute name.
            return self.answer_put(id, action, output, &stored, now, sink);
        }
        if content.kind == Kind::Executable
            && let Err(error) = self
                .paths
                .make_executable(&self.store, stored.location, &output)
        {
            // It cannot be run, as where another user has put the same bytes and was interrupted. A
            // later get is a miss.
            self.lost_puts += 1;
            self.warn_unwritable(&error);
            self.record_answer("put", action, "ephemeral", reasons::NOT_WRITABLE);
            self.own.forget(action);
            return self.send_path(id, output, &stored, now, sink);
        }
        let offer = Offer {
            action: *action,
            output,
            size: stored.size,
            kind: content.kind,
            role: content.role,
            facts: content.facts.for_policies().with(audited, true),
        };
        let reach = self.decide(&offer, &stored);
        if let (Some(reach), Some(scope)) = (reach, &self.access.write) {
            let entry = NewEntry {
                output,
                size: stored.size,
                content,
                lifetime: self.access.lifetime,
                reach,
                producer: self.id,
                user: self.user,
            };
            let writer = self
                .entries
                .get_or_insert_with(|| EntryWriter::new(Arc::clone(&self.store), scope.clone()));
            writer.add(KeptPut {
                action: *action,
                entry,
                time: now,
            });
        }
        self.answer_put(id, action, output, &stored, now, sink)
    }

    /// Sees that the entries of all puts so far are written.
    pub(super) fn settle_entries(&mut self) {
        let Some(mut entries) = self.entries.take() else {
            return;
        };
        entries.settle(|put, written| self.note_written(&put, written));
        self.entries = Some(entries);
    }

    /// Takes note of what has become of an entry.
    fn note_written(&mut self, put: &KeptPut, written: io::Result<Option<u64>>) {
        let KeptPut {
            action,
            entry,
            time,
        } = put;
        match written {
            Ok(replaced) => {
                self.counts.kept();
                if let Some(size) = replaced {
                    self.quota.replaced(size);
                }
                if let (store::Reach::Shared, Some(remote)) = (entry.reach, &mut self.remote) {
                    remote.tiers.note_put(action);
                }
                self.witness(action, &entry.output, entry.content.kind, *time);
            }
            Err(error) => {
                self.lost_puts += 1;
                self.warn_unwritable(&error);
                self.record_answer("put", action, "ephemeral", reasons::NOT_WRITABLE);
            }
        }
    }

    /// Answers a put, and notes it as the session's own.
    fn answer_put(
        &mut self,
        id: i64,
        action: &Digest,
        output: Digest,
        stored: &StoredObject,
        now: SystemTime,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        let sent = self.send_path(id, output, stored, now, sink);
        let own = LocalPut {
            output,
            size: stored.size,
            time: now,
            location: stored.location,
        };
        self.note_own(*action, own);
        sent
    }

    /// Answers a put with the path of its object.
    fn send_path(
        &mut self,
        id: i64,
        output: Digest,
        stored: &StoredObject,
        now: SystemTime,
        sink: &mut impl ResponseSink,
    ) -> io::Result<()> {
        if let Err(error) = self
            .paths
            .publish_put(&self.store, stored.location, &output)
        {
            self.warn_unwritable(&error);
            let reason = format!("the object cannot be made readable: {error}");
            return sink.send(&Response::Failed(id, Code::StoreNotWritable, reason));
        }
        let path = self
            .paths
            .path_of_put(&self.store, stored.location, &output, now);
        sink.send(&Response::Kept(id, &path))
    }

    /// Takes the body in.
    fn receive(
        &mut self,
        action: &Digest,
        output: Digest,
        size: u64,
        source: &mut impl RequestSource,
    ) -> Result<TakenIn, Failure> {
        let writer = self.store.receive(output);
        let recogniser = Recogniser::new(action, self.roles.of(action));
        let taken = take_in::<_, Failure>(writer, recogniser, size, &mut Body(source))?;
        self.roles.note(action);
        Ok(taken)
    }

    /// What an audit of this action has shown: that there was one, and whether the bytes differ.
    pub(super) fn compare_audited(&mut self, action: &Digest, output: Digest) -> Facts {
        let Some(expected) = self.audits.remove(action) else {
            return Facts::NONE;
        };
        let diverged = expected != output;
        if diverged {
            self.tally.diverged += 1;
            self.diagnostics.warn(Code::AuditDiverged, &format!(
                "audit: action {action} gave {output} when it was built again, and the cache held {expected}; one of the two is wrong, or the build is not reproducible"
            ));
        }
        Facts::AUDITED.with(Facts::DIVERGED, diverged)
    }

    /// How far the store keeps the object; none for the session alone.
    pub(super) fn decide(&mut self, offer: &Offer, stored: &StoredObject) -> Option<store::Reach> {
        if let Some(error) = &stored.store_error {
            self.lost_puts += 1;
            self.warn_unwritable(error);
            self.record_answer("put", &offer.action, "ephemeral", reasons::NOT_WRITABLE);
            return None;
        }
        if self.policies.is_off() {
            self.tally.refused_puts += 1;
            self.record_answer("put", &offer.action, "ephemeral", reasons::POLICY_OFF);
            return None;
        }
        if self.access.write.is_none() {
            self.tally.refused_puts += 1;
            self.record_answer("put", &offer.action, "ephemeral", reasons::NO_WRITE_SCOPE);
            return None;
        }
        let verdict = match self.ask_put(offer) {
            Some(verdict) => verdict,
            None => {
                let reach = offer.default_reach();
                let answer = match reach {
                    Reach::Shared => "shared",
                    Reach::Local | Reach::Ephemeral => "local",
                };
                self.record_answer("put", &offer.action, answer, reasons::NO_QUESTION);
                reach
            }
        };
        if verdict != Reach::Ephemeral
            && let Some(reason) = self.quota.take(stored.size)
        {
            self.tally.refused_puts += 1;
            self.record_answer("put", &offer.action, "ephemeral", reason);
            self.warn_quota();
            return None;
        }
        match verdict {
            Reach::Ephemeral => {
                self.tally.refused_puts += 1;
                None
            }
            // An object of an admitted kind is kept where the grant admits it, and its build ID
            // names the action: it may leave, too.
            Reach::Shared if offer.kind.rule() != Rule::OwnScope => Some(store::Reach::Shared),
            // What holds on this machine only never leaves it.
            Reach::Local | Reach::Shared => Some(store::Reach::Local),
        }
    }

    /// The strictest verdict on an offer; `None` where no policy decides puts. Every policy is
    /// asked.
    fn ask_put(&mut self, offer: &Offer) -> Option<Reach> {
        let mut strictest: Option<Reach> = None;
        let mut is_left_out = false;
        for place in 0..self.policies.len() {
            let Some(verdict) = self.policies.at(place).and_then(|policy| policy.put(offer)) else {
                is_left_out = true;
                continue;
            };
            strictest = Some(strictest.map_or(verdict, |earlier| earlier.min(verdict)));
            self.record_with(place as u32, || {
                Line::Put(QuestionRecord::new(*offer, verdict))
            });
            self.report_events();
        }
        // A policy that does not decide puts gives what its kind has without a policy, and another
        // must not widen that.
        if is_left_out {
            strictest = strictest.map(|verdict| verdict.min(offer.default_reach()));
        }
        strictest
    }

    fn warn_unwritable(&mut self, error: &io::Error) {
        use io::ErrorKind::{
            AlreadyExists, IsADirectory, NotADirectory, PermissionDenied, ReadOnlyFilesystem,
        };
        // Made for others to read: nobody expects this user to write it, and each build would say
        // so again. The line at the end (-v) counts what was not kept.
        if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
            && !self.diagnostics.is_verbose()
            && self.store.is_of_another()
        {
            return;
        }
        let remedy = match error.kind() {
            AlreadyExists | IsADirectory | NotADirectory => {
                "Something lies where a file or a folder of the store should: `cachewarden verify` names it"
            }
            _ => "Make room or make it writable, or name another folder with --dir",
        };
        let folder = match self.store.folder() {
            Some(folder) => folder.display().to_string(),
            // Why it could not be opened was reported when the session began.
            None => return,
        };
        self.diagnostics.warn_once(
            Code::StoreNotWritable,
            &format!(
                "the store {folder} cannot be written ({error}); the build goes on, and what it cannot write there is not kept. {remedy}"
            ),
        );
    }
}
