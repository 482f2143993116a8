//! Where jobs connect, in the configuration.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use cachewarden_connect::Streams;

use super::values::mode;

/// A socket. A session knows the name of its socket as the label `peer.socket`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SocketConfig {
    /// Its name.
    #[serde(default = "SocketConfig::default_name")]
    pub name: String,
    /// Its path.
    pub path: PathBuf,
    /// Its mode.
    #[serde(default = "SocketConfig::default_mode", deserialize_with = "mode")]
    pub mode: u32,
    /// Its group, by name or number.
    pub group: Option<String>,
    /// How requests and answers travel.
    #[serde(default)]
    pub streams: StreamsConfig,
}

/// How requests and answers of the sessions of a socket travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamsConfig {
    /// The job hands its pipes over, and no byte is copied on the way.
    #[default]
    HandedOver,
    /// Through the socket: the daemon has no pipe of a job.
    Relayed,
}

impl From<StreamsConfig> for Streams {
    fn from(streams: StreamsConfig) -> Self {
        match streams {
            StreamsConfig::HandedOver => Self::HandedOver,
            StreamsConfig::Relayed => Self::Relayed,
        }
    }
}

impl SocketConfig {
    fn default_name() -> String {
        "default".to_owned()
    }

    /// Everybody: a tenant decides who is served, and a job's user may be anyone.
    pub(super) fn default_mode() -> u32 {
        0o666
    }
}

/// What is wrong with all of them together: the position of a socket, and a text.
pub(super) fn mistake(sockets: &[SocketConfig]) -> Option<(usize, String)> {
    if sockets.is_empty() {
        return Some((0, "there is no [[socket]]; name one".to_owned()));
    }
    sockets.iter().enumerate().find_map(|(position, socket)| {
        let before = &sockets[..position];
        let text = if before.iter().any(|other| other.name == socket.name) {
            format!(
                "there are two sockets named `{}`; give each a `name` of its own",
                socket.name
            )
        } else if before.iter().any(|other| other.path == socket.path) {
            format!(
                "there are two sockets at {}; give each a `path` of its own",
                socket.path.display()
            )
        } else {
            return None;
        };
        Some((position, text))
    })
}

/// Where the table of a socket begins in a text that was read already.
pub(super) fn offset(text: &str, position: usize) -> usize {
    #[derive(Deserialize)]
    struct Sockets {
        socket: Vec<Spanned<toml::Table>>,
    }
    let sockets: Option<Sockets> = toml::from_str(text).ok();
    let socket = sockets.and_then(|all| all.socket.into_iter().nth(position));
    socket.map_or(0, |socket| socket.span().start)
}
