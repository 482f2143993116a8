//! Where GOCACHEPROG connects to a daemon: what the daemon takes this job for, and a build through
//! it.

use cachewarden_connect::client::{ClientError, Options, ask};
use cachewarden_connect::wire::Want;
use cachewarden_types::sanitize;
use serde_json::Value;

use crate::cli::advice::{advice, advice_on};
use crate::cli::doctor::trial_build::{build_twice, make_work};
use crate::cli::doctor::{Finding, Well, check_go_version, check_gocache};

use super::connect::options;

/// Variables that hold a token, or with which one can be had. A test that prints its environment
/// puts them into the cache.
const TOKEN_VARIABLES: [&str; 3] = [
    "CACHEWARDEN_TOKEN",
    "CI_JOB_JWT",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// Said where every put was refused. That may be meant.
const REFUSED_BY_DAEMON: &str = "the daemon keeps nothing of this job: its tenant may write no scope, or a policy refuses what is put; `cachewarden connect --whoami` with the same options says what this job may do";

/// What is to be said where go connects to a daemon.
pub(in crate::cli) fn findings(value: &str, words: &[String]) -> [(&'static str, Finding); 5] {
    let (variable, daemon, build) = match options(value, words) {
        Err(advice) => (Err(advice), None, None),
        Ok(options) => {
            let daemon = check(&options);
            let build = daemon.is_ok().then(|| trial(value));
            (Ok(value.to_owned().into()), Some(daemon), build)
        }
    };
    let not_tried = || Err(advice("not tried", "see to what is wrong above first"));
    [
        ("GOCACHEPROG", variable),
        ("daemon", daemon.unwrap_or_else(not_tried)),
        ("go", check_go_version()),
        ("GOCACHE", check_gocache()),
        ("a build", build.unwrap_or_else(not_tried)),
    ]
}

/// What the daemon takes this job for.
fn check(options: &Options) -> Finding {
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
fn trial(value: &str) -> Finding {
    let work = make_work()?;
    build_twice(&format!("{value} -v"), work.path(), |_| REFUSED_BY_DAEMON)
}
