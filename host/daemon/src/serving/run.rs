//! A session of a client, from its beginning to its end.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachewarden_connect::streams::Output;
use cachewarden_connect::wire::{Accepted, Ended};
use cachewarden_connect::{Connection, Control, Streams};
use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_protocol::{RequestReader, Response, ResponseSink, ResponseWriter};
use cachewarden_recording::Recorder;
use cachewarden_session::diagnostics::Diagnostics;
use cachewarden_session::{Outcome, Session};
use cachewarden_store::SessionId;
use cachewarden_types::{Code, reasons, sanitize};

use crate::Daemon;
use crate::authority::Authority;
use crate::log_limit::{REFUSALS, SESSIONS};
use crate::sessions::{Ends, Listed, MeteredSource, Stopped};
use crate::usage::{PolicyRoom, SessionUsage};

use super::client::{Client, Start, session_id};
use super::failure::{Failure, conclude};
use super::own_policy::{OwnPolicy, own_settings};
use super::{Refusal, refuse};

/// How long an answer may wait for a client that does not read. Go reads at once; a machine that is
/// suspended for longer loses its session.
const READ_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What a client is told whose session was slowed.
const SLOWED: &str = "the tenant asks the cache more often than it may, so this build waited for some answers. Ask the daemon's operator (quota.gets-per-second)";

/// Serves a go command.
pub(super) fn run(
    daemon: &Arc<Daemon>,
    client: &Client,
    connection: Connection,
    streams: Streams,
    usage: SessionUsage,
    thread: &PolicyThread,
) {
    let (id, name, began) = (session_id(), client.tenant.name.as_str(), Instant::now());
    let span = tracing::info_span!("session", session = %id, tenant = name, uid = client.peer.uid);
    let _entered = span.enter();
    let labels = client.identity.labels.clone();
    let listed = daemon
        .sessions
        .list(name, id.to_string(), client.peer, labels);
    let (listed, stop) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            let text = format!("the daemon has no more file descriptors: {error}");
            return refuse(daemon, connection, Refusal::new("no-descriptors", text));
        }
    };
    let offer = connection.hello.policy.as_ref();
    let policy_room = offer.map(|offer| {
        let own_policies = &daemon.own_policies;
        own_policies.may_take(&client.tenant, &usage, &offer.sha256)?;
        usage.room_for_policy(offer.size)
    });
    let policy_room = match policy_room.transpose() {
        Ok(room) => room,
        Err(text) => return refuse(daemon, connection, Refusal::new("quota", text)),
    };
    let accepted = Accepted {
        authority: format!("tenant {name}"),
        send_policy: connection.hello.policy.is_some(),
        ..Accepted::default()
    };
    let (result, ended) = match connection.accept(&accepted, streams, &stop) {
        Err(error) => {
            if daemon
                .log_limit
                .admits(client.peer.uid, "no-takeover", REFUSALS)
            {
                tracing::warn!("no session: {error}");
            }
            ("no-takeover", None)
        }
        Ok(session) => {
            let control = session.control.clone();
            let usage = Arc::new(usage);
            let ended = Served {
                daemon,
                client,
                id,
                listed: &listed,
                stop: &stop,
                usage: &usage,
            }
            .serve(session, policy_room, thread);
            let (result, ended) = conclude(daemon, client.peer.uid, ended);
            (result, Some((control, ended)))
        }
    };
    let (result, ended) = match listed.session.stopped() {
        Some(why) => ("stopped", ended.map(|(control, _)| (control, stopped(why)))),
        None => (result, ended),
    };
    let seconds = began.elapsed().as_secs_f64();
    daemon.metrics.ended(name, result, seconds);
    // Before its client hears of the end, so that the next one finds the place free.
    drop(listed);
    if let Some((control, ended)) = ended {
        // A client that is gone need not know.
        let _ = control.end(ended);
    }
}

/// What the client of a session ends with that was ended by the daemon.
fn stopped(why: Stopped) -> Ended {
    Ended {
        status: 1,
        text: Some(Code::SessionEnded.error(&why.to_string())),
    }
}

/// A session that is being served.
struct Served<'session> {
    daemon: &'session Arc<Daemon>,
    client: &'session Client,
    id: SessionId,
    listed: &'session Listed,
    stop: &'session Arc<OwnedFd>,
    usage: &'session Arc<SessionUsage>,
}

impl Served<'_> {
    fn serve(
        &self,
        session: cachewarden_connect::Session,
        policy_room: Option<PolicyRoom>,
        thread: &PolicyThread,
    ) -> Result<(), Failure> {
        let cachewarden_connect::Session {
            hello,
            policy,
            input,
            mut output,
            control,
            ..
        } = session;
        output.set_patience(READ_PATIENCE);
        // The first message goes out before anything that takes time: cmd/go does nothing until it
        // arrives (docs/protocol.md#first-message).
        let mut sink = ResponseWriter::with(output, Output::write_now);
        sink.send(&Response::Announcement)
            .and_then(|()| sink.flush())
            .map_err(|error| Failure::unread(&error))?;
        // Held to the end, since its code is in memory for as long.
        let own = policy.map(|bytes| self.own_policy(bytes)).transpose()?;
        // Its bytes are in memory no more.
        drop(policy_room);
        let mut policies = self.client.policies();
        if let Some(own) = &own {
            let settings = own_settings(hello.settings.as_deref());
            policies.push(own.config(settings.map_err(Failure::of_policy)?));
        }
        let diagnostics = || Diagnostics::to(Box::new(control.clone()), hello.verbose);
        let start = Start {
            id: self.id,
            policies,
            recorder: self.recorder(),
            diagnostics: diagnostics(),
            usage: self.usage,
        };
        let config = self.client.config(start);
        let mut opened = Session::open(config, &self.daemon.services(), thread)?;
        opened.set_paths(self.client.view(self.daemon, &opened.grant()));
        self.announce(&opened, &control, hello.verbose);
        let upload = Arc::clone(&self.listed.session.upload);
        let source = RequestReader::new(input);
        let ends = Ends {
            client: control.clone(),
            stop: Arc::clone(self.stop),
        };
        let mut source = MeteredSource::new(source, Arc::clone(self.usage), upload, ends);
        let (outcome, ended) = opened.run_to_the_end(&mut source, &mut sink);
        self.note(&outcome, source.slowed());
        if source.slowed() > 0 {
            diagnostics().warn(Code::QuotaReached, SLOWED);
        }
        Ok(ended?)
    }

    /// Takes note of what happened in a session, however it has ended.
    fn note(&self, outcome: &Outcome, slowed: u64) {
        let Self { daemon, client, .. } = self;
        let (metrics, tenant) = (&daemon.metrics, &client.tenant.name);
        metrics.happened(tenant, outcome);
        metrics.slowed(tenant, slowed);
        metrics.disputed(tenant, outcome.disputes.len() as u64);
        for dispute in &outcome.disputes {
            if self.may_log("disputed", REFUSALS) {
                tracing::warn!(
                    action = %dispute.action,
                    output = %dispute.output,
                    "disputed: another producer has put other bytes for this action; one of them is wrong, or the build is not reproducible. `cachewarden revoke --disputed` removes such entries of one scope, and with --scope those that any scope disputes"
                );
            }
        }
        if let Some(requests) = outcome.refusals.get(reasons::QUOTA)
            && self.may_log("quota", REFUSALS)
        {
            tracing::warn!(
                requests,
                "beyond its quota: these puts are the session's own, and these gets are misses; see [tenant.quota]"
            );
        }
        if slowed > 0 && self.may_log("slowed", REFUSALS) {
            tracing::warn!(
                gets = slowed,
                "asks more often than its quota allows, and was slowed; see [tenant.quota]"
            );
        }
        if self.may_log("session", SESSIONS) {
            let tally = &outcome.tally;
            tracing::info!(
                gets = tally.gets,
                hits = tally.hits,
                puts = tally.puts,
                bytes = tally.bytes_put,
                refused = tally.refused_gets + tally.refused_puts,
                policy_failures = outcome.policy_failures,
                "ended"
            );
        }
    }

    fn may_log(&self, kind: &'static str, most: u64) -> bool {
        let user = self.client.peer.uid;
        self.daemon.log_limit.admits(user, kind, most)
    }

    fn own_policy(&self, bytes: Vec<u8>) -> Result<OwnPolicy, Failure> {
        let own_policies = &self.daemon.own_policies;
        let own = own_policies.load(self.daemon, &self.client.tenant, self.usage, bytes);
        own.map_err(Failure::of_policy)
    }

    fn recorder(&self) -> Recorder {
        match &self.daemon.audit {
            Some(audit) => audit.recorder(&self.client.tenant.name, &self.id.to_string()),
            None => Recorder::none(),
        }
    }

    /// Says what the session may do: in the operator's log, and to a client that wants to know.
    fn announce(&self, opened: &Session, control: &Control, is_verbose: bool) {
        let Client {
            tenant, identity, ..
        } = self.client;
        let line = sanitize(&Authority::new(tenant, identity, &opened.grant()).line());
        if self.may_log("session", SESSIONS) {
            tracing::info!("{line}");
        }
        if is_verbose {
            // A client that is gone is noticed soon.
            let _ = control.say(&format!("cachewarden: {line}"));
        }
    }
}
