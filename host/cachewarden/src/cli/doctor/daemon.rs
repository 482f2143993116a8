//! Where GOCACHEPROG connects to a daemon: what the daemon takes this job for, and a build through
//! it.

use cachewarden_connect::client::{ClientError, Options, ask};
use cachewarden_connect::wire::Want;
use cachewarden_types::sanitize;
use serde_json::Value;

use crate::cli::advice::advice_on;

use super::{Finding, Well, trial_build};

/// Variables that hold a token, or with which one can be had. A test that prints its environment
/// puts them into the cache.
const TOKEN_VARIABLES: [&str; 3] = [
    "CACHEWARDEN_TOKEN",
    "CI_JOB_JWT",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// What the daemon takes this job for.
pub(super) fn check(options: &Options) -> Finding {
    let reply = ask(&options.socket, Want::Whoami, Value::Null).map_err(|error| {
        // A daemon that was not reached has logged nothing.
        let remedy = match error {
            ClientError::Away { .. } => "correct --socket, or have the daemon started",
            _ => "ask the daemon's operator: its log says why, and docs/multi-tenant.md what it wants",
        };
        advice_on(error, remedy)
    })?;
    let known = String::from_utf8_lossy(&reply.report);
    let known = known.lines().filter(|line| line.starts_with("known: "));
    let tokens = TOKEN_VARIABLES
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some());
    Ok(Well {
        text: sanitize(&reply.accepted.authority),
        notes: known
            .map(str::to_owned)
            .chain(tokens.map(|name| {
                format!("{name} is set: a test that prints its environment puts it into the cache; unset it for go (env -u {name} go test), and give the token by --token-file or --token-command")
            }))
            .collect(),
        is_in_doubt: false,
    })
}

/// Builds twice through the daemon.
pub(super) fn trial(value: &str) -> Finding {
    trial_build::check_value(&format!("{value} -v"))
}
