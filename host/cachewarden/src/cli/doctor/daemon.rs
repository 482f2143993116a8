//! Where GOCACHEPROG connects to a daemon: what the daemon takes this job for, and a build through
//! it.

use std::ffi::OsString;
use std::path::Path;

use cachewarden_connect::client::{Options, Parsed, ask, parse};
use cachewarden_connect::wire::Want;
use cachewarden_types::sanitize;
use serde_json::Value;

use crate::cli::{CONNECT, CONNECT_NAME};

use super::{Advice, Finding, Well, advice, advice_on, gocacheprog, trial_build};

/// The small program that only connects.
const CONNECT_PROGRAM: &str = "cachewarden-connect";

/// Variables that hold a token, or with which one can be had. A test that prints its environment
/// puts them into the cache.
const TOKEN_VARIABLES: [&str; 3] = [
    "CACHEWARDEN_TOKEN",
    "CI_JOB_JWT",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// How a value of GOCACHEPROG connects; `None` where it starts a helper of its own.
pub(super) fn read(value: &str) -> Option<Result<Box<Options>, Advice>> {
    let fields = gocacheprog::split(value)?;
    let (program, mut words) = fields.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?;
    match words.split_first() {
        _ if name == CONNECT_PROGRAM => {}
        Some((verb, rest)) if verb == CONNECT && name.starts_with("cachewarden") => {
            words = rest;
        }
        _ => return None,
    }
    let remedy = "correct this word of GOCACHEPROG; cachewarden connect --help lists the options";
    Some(
        match parse(CONNECT_NAME, words.iter().map(OsString::from)) {
            Ok(Parsed::Run(options)) => Ok(options),
            Ok(Parsed::Print(_)) => Err(advice(
                format!("`{value}` only prints something, and go would wait for a helper"),
                remedy,
            )),
            Err(error) => Err(advice(format!("`{value}`: {error}"), remedy)),
        },
    )
}

/// What the daemon takes this job for.
pub(super) fn check(options: &Options) -> Finding {
    let reply = ask(&options.socket, Want::Whoami, Value::Null).map_err(|error| {
        advice_on(
            error,
            "ask the daemon's operator: its log says why, and docs/multi-tenant.md what it wants",
        )
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
    })
}

/// Builds twice through the daemon.
pub(super) fn trial(value: &str) -> Finding {
    trial_build::check_value(&format!("{value} -v"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_connects_is_known_by_its_program_or_its_verb() {
        for value in [
            "cachewarden connect --socket /s",
            "'/opt/a b/cachewarden' connect --socket /s -v",
            "/usr/bin/cachewarden-connect --socket /s",
        ] {
            let options = read(value).expect("it connects").expect("it is right");
            assert_eq!(options.socket.path, Path::new("/s"));
        }
        for value in [
            "cachewarden",
            "cachewarden --dir /connect",
            "other connect",
            "",
            "'open",
        ] {
            assert!(read(value).is_none(), "{value}");
        }
        let wrong = read("cachewarden connect --sokcet /s").expect("it connects");
        assert!(wrong.is_err_and(|advice| advice.problem.contains("--sokcet")));
    }
}
