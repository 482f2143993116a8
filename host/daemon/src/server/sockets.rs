//! The daemon's sockets, and the descriptors that its clients need.

use std::io;
use std::sync::Arc;

use nix::unistd::Group;
use rustix::process::{Resource, getrlimit, setrlimit};

use cachewarden_connect::{Binding, Listener};

use crate::config::{Config, SocketConfig};

use super::ServeError;

/// Descriptors of one session: the socket, stdin, stdout, and the two ends of what stops it.
const DESCRIPTORS_OF_A_SESSION: u64 = 5;

/// Descriptors of everything else: the store, logs, clients that are not accepted yet.
const OTHER_DESCRIPTORS: u64 = 2_048;

/// The sockets, each with its configuration. The one that systemd passes is the first.
pub(super) fn listeners(
    config: &Config,
    mut passed: Option<Listener>,
    after_a_killed_daemon: bool,
) -> Result<Vec<(Arc<SocketConfig>, Listener)>, ServeError> {
    let listener = |socket: &SocketConfig| match passed.take() {
        Some(listener) => Ok((Arc::new(socket.clone()), listener)),
        None => {
            let binding = binding(socket, after_a_killed_daemon)?;
            Ok((Arc::new(socket.clone()), Listener::bind(&binding)?))
        }
    };
    config.sockets.iter().map(listener).collect()
}

fn binding(socket: &SocketConfig, after_a_killed_daemon: bool) -> Result<Binding, ServeError> {
    let group = socket.group.as_deref().map(|group| match group.parse() {
        Ok(number) => Ok(number),
        Err(_) => match Group::from_name(group) {
            Ok(Some(found)) => Ok(found.gid.as_raw()),
            _ => Err(ServeError::System {
                step: "find the group of the socket (socket.group)",
                source: io::Error::other(format!("there is no group `{group}`")),
            }),
        },
    });
    Ok(Binding {
        path: socket.path.clone(),
        mode: socket.mode,
        group: group.transpose()?,
        after_a_killed_daemon,
    })
}

/// As many descriptors as all sessions need, where the system gives them.
pub(super) fn raise_descriptors(sessions: usize) {
    let wanted = (sessions as u64)
        .saturating_mul(DESCRIPTORS_OF_A_SESSION)
        .saturating_add(OTHER_DESCRIPTORS);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        // Where it is refused, sessions are refused when there are no more.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
