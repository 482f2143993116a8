//! Serves one client, on a thread of its own: who it is, which tenant, what it wants.
//!
//! What always holds: nothing of a tenant is touched before the client is known to be of it; a
//! client that is refused is told why; and whatever a client does, it costs one thread at most.

mod client;
mod failure;
mod own_policy;
mod run;

use std::io;
use std::sync::Arc;

use cachewarden_connect::Connection;
use cachewarden_connect::wire::{Accepted, Ended, Refused, Want};
use cachewarden_policy_host::thread::PolicyThread;
use cachewarden_recording::Recorder;
use cachewarden_session::Session;
use cachewarden_session::diagnostics::Diagnostics;
use cachewarden_types::{Problem, sanitize};

use crate::Daemon;
use crate::authority::Authority;
use crate::config::SocketConfig;
use crate::log_limit::REFUSALS;
use crate::usage::SessionUsage;

use client::{Client, Start, session_id};
pub(crate) use own_policy::OwnPolicies;

/// Why a client is refused: a word for metrics and programs, and a text with the next step.
struct Refusal {
    code: &'static str,
    text: String,
}

impl Refusal {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }
}

/// Serves a client of a socket until it is done.
pub(crate) fn serve(
    daemon: &Arc<Daemon>,
    connection: Connection,
    socket: &SocketConfig,
    thread: &PolicyThread,
) {
    match connection.hello.want {
        Want::Status | Want::Metrics | Want::Revoke => crate::operator::serve(daemon, connection),
        // It asks policies as a session does, so it has the same quotas.
        want @ (Want::Whoami | Want::Session) => {
            let begun = Client::identify(daemon, &connection, &socket.name)
                .and_then(|client| Ok((client.begin(daemon)?, client)));
            match (want, begun) {
                (_, Err(refusal)) => refuse(daemon, connection, refusal),
                (Want::Whoami, Ok((usage, client))) => {
                    whoami(daemon, &client, connection, usage, thread);
                }
                (_, Ok((usage, client))) => {
                    let streams = socket.streams.into();
                    run::run(daemon, &client, connection, streams, usage, thread);
                }
            }
        }
    }
}

fn refuse(daemon: &Daemon, connection: Connection, refusal: Refusal) {
    let Refusal { code, text } = refusal;
    daemon.metrics.refused(code);
    let text = sanitize(&text);
    let peer = connection.peer;
    if daemon.log_limit.admits(peer.uid, code, REFUSALS) {
        tracing::warn!(uid = peer.uid, pid = peer.pid, code, "refused: {text}");
    }
    connection.refuse(Refused::new(code, text));
}

/// Tells a client what a session of it could do.
fn whoami(
    daemon: &Arc<Daemon>,
    client: &Client,
    connection: Connection,
    usage: SessionUsage,
    thread: &PolicyThread,
) {
    let config = client.config(Start {
        id: session_id(),
        policies: client.policies(),
        recorder: Recorder::none(),
        diagnostics: Diagnostics::to(Box::new(io::sink()), false),
        usage: &Arc::new(usage),
    });
    let session = match Session::open(config, &daemon.services(), thread) {
        Ok(session) => session,
        Err(error) => {
            return refuse(daemon, connection, Refusal::new("policy", error.told()));
        }
    };
    let authority = Authority::new(&client.tenant, &client.identity, &session.grant());
    let line = sanitize(&authority.line());
    let report = format!("{line}\nknown: {}\n", sanitize(&client.identity.shown()));
    let accepted = Accepted {
        authority: line,
        fields: serde_json::to_value(&authority).unwrap_or_default(),
        ..Accepted::default()
    };
    // A client that is gone need not know.
    let _ = connection.answer(&accepted, report.as_bytes(), Ended::default());
}
