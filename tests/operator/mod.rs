//! What an operator sets bounds a session, or is refused: no mistake and no stranger's text takes a
//! bound away.
//!
//! Each test starts the program as go does, with GOCACHEPROG's options and the job's variables.

mod broken_setups;
mod codes;
mod colors;
mod config;
mod config_bounds;
mod doctor;
mod lists;
mod nested;
mod one_screen;
mod paths;
mod recordings;
mod settings;
mod stores;
mod variables;

use std::process::Command;

use crate::support::*;

/// The helper stops before its first answer with a text that has all these words.
#[track_caller]
fn is_refused(command: Command, words: &[&str]) {
    let told = format!("{command:?}");
    let ending = Helper::start(command).ending();
    assert_eq!(ending.status.code(), Some(2), "{told}: {ending:?}");
    for word in words {
        assert!(
            ending.stderr.contains(word),
            "{word} is missing, {told}: {}",
            ending.stderr
        );
    }
}

/// The same for a command line that is refused before anything is said to go.
#[track_caller]
fn is_no_command_line(mut command: Command, words: &[&str]) {
    let outcome = run_to_its_end(&mut command).exited(2);
    assert_eq!(outcome.stdout, "", "stdout is for the protocol");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "{word} is missing: {outcome:?}"
        );
    }
}

/// The first line of a session's recording.
fn session_of(sandbox: &Sandbox, mut command: Command) -> serde_json::Value {
    let file = sandbox.path("session.jsonl");
    command.arg("--record").arg(&file);
    Helper::start(command).close();
    let session = recording(&file)[0].clone();
    std::fs::remove_file(file).expect("the recording");
    session
}

/// The values of a session's labels of this name.
fn values<'session>(session: &'session serde_json::Value, name: &str) -> Vec<&'session str> {
    let labels = session["labels"].as_array().expect("labels");
    let labels = labels.iter().filter(|label| label["name"] == name);
    labels.filter_map(|label| label["value"].as_str()).collect()
}
