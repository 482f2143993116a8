//! Calls each function that a component may import when its time is up, in a line in which no WebAssembly looks at the clock: the host's `log`, and every one of WASI preview 2 that can be called with what a policy has. Must: the call is stopped there, and never comes back.

use std::fmt::Write as _;

use crate::hostile::bounds::MOST_LINES;
use crate::hostile::escape::preview2_each_call;
use crate::hostile::trial::Trial;
use crate::hostile::wasi::{calls, engine};
use crate::support::reach::LOCAL;
use crate::support::*;

/// Takes longer than the clock takes to tick, and is looked at before it only.
const FILL: &str = "(memory.fill (i32.const 262144) (i32.const 1) (i32.const 124000000))";

/// Sessions until a function was called after a tick: a machine may be too busy to tick in time.
const MOST_SESSIONS: usize = 20;

/// For the functions of WASI.
pub(in crate::hostile) fn policy() -> Vec<u8> {
    preview2_each_call::policy_around(FILL, "(unreachable)")
}

/// For `log`, whatever the action is.
pub(in crate::hostile) fn policy_of_log() -> Vec<u8> {
    let mut text = String::from(
        r#"(module
        (import "cachewarden:policy/host@0.2.0" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 1900)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "get")
          (param i64 i64 i64 i64) (param i64 i64 i64 i64) (param i64 i64) (param i32 i32 i32 i32) (result i32)"#,
    );
    write!(
        text,
        "{FILL} (call $log (i32.const 1) (i32.const 0) (i32.const 1)) unreachable))"
    )
    .expect("text");
    text.into_bytes()
}

/// Calls each function until it was stopped.
#[track_caller]
pub(super) fn try_all(trial: Trial) {
    let resolve = engine();
    let names: Vec<_> = calls(&resolve).iter().map(|call| call.name()).collect();
    stop_each(&trial, &names);
    trial.record(
        "exit 0, each function is stopped by the clock, or by a handle that it does not have",
        "",
    );
}

/// The same for `log`.
#[track_caller]
pub(super) fn try_log(trial: Trial) {
    stop_each(&trial, &["log".to_owned()]);
    trial.record("exit 0, stopped by the clock", "");
}

#[track_caller]
fn stop_each(trial: &Trial, names: &[String]) {
    for (number, name) in names.iter().enumerate() {
        let action = asking(
            u8::try_from(number).expect("a byte numbers them"),
            LOCAL,
            name,
        );
        trial.sandbox.fill(&[], &[action], b"known");
        let is_stopped = (0..MOST_SESSIONS).any(|_| is_stopped(trial, &action, name));
        assert!(is_stopped, "{name} comes back");
    }
}

/// Whether a get with this action was stopped in the function: by the clock, or by a handle that is looked at before it.
#[track_caller]
fn is_stopped(trial: &Trial, action: &Digest, name: &str) -> bool {
    let file = trial.sandbox.path("recording");
    let _ = std::fs::remove_file(&file);
    let recording_of = text(file.clone());
    let mut arguments = trial.arguments();
    arguments.extend(["--record", &recording_of]);
    let mut helper = trial.sandbox.helper(&arguments);
    helper.get(action).miss();
    trial.checked(&helper.close(), MOST_LINES);
    let lines = recording(&file);
    let get = lines.iter().position(|line| line["line"] == "get");
    // A tick may come when the instance is made.
    let Some(event) = get.and_then(|get| lines.get(get + 1)) else {
        return false;
    };
    match event["line"].as_str() {
        Some("timeout") => true,
        Some("trap") => {
            let message = event["message"].as_str().expect("a message");
            assert!(is_handle_or_unreachable(message), "{name}: {message}");
            message.contains("handle index")
        }
        line => panic!("{name}: {line:?}"),
    }
}

fn is_handle_or_unreachable(message: &str) -> bool {
    message.contains("handle index") || message.contains("unreachable")
}
