//! Lists: split in a variable, never in an option; labels from both add up.

use serde_json::json;

use super::{is_no_command_line, is_refused, session_of, values};
use crate::support::*;

#[test]
fn a_variables_list_is_split() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("closes");
    let mut command = sandbox.cachewarden(&["--policy", &policy]);
    command
        .env("CACHEWARDEN_ALLOW_WRITE", "default, pr-*,")
        .env("CACHEWARDEN_LABEL", "A=1,2\nB= 3\n")
        .env("CACHEWARDEN_LABEL_ENV", "C,D")
        .env("C", "4")
        .env("D", "5");
    let session = session_of(&sandbox, command);
    assert_eq!(session["writable"], json!(["default", "pr-*"]));
    for (name, value) in [("A", "1,2"), ("B", " 3"), ("C", "4"), ("D", "5")] {
        assert_eq!(values(&session, name), [value], "{session}");
    }
}

#[test]
fn an_options_value_is_never_split() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("closes");
    for option in ["--allow-write", "--allow-read"] {
        let command = sandbox.cachewarden(&["--policy", &policy, option, "pr-x,main"]);
        is_no_command_line(command, &[option, "pr-x,main"]);
    }
    let options = [
        "--policy",
        &policy,
        "--label",
        "A=x\nGITHUB_REF=refs/heads/main",
    ];
    let session = session_of(&sandbox, sandbox.cachewarden(&options));
    assert_eq!(values(&session, "A"), ["x\nGITHUB_REF=refs/heads/main"]);
    assert!(values(&session, "GITHUB_REF").is_empty(), "{session}");
    let mut command = sandbox.cachewarden(&["--policy", &policy, "--label-env", "C,D"]);
    command.env("C", "4").env("D", "5");
    let session = session_of(&sandbox, command);
    assert!(values(&session, "C").is_empty() && values(&session, "D").is_empty());
}

#[test]
fn labels_of_options_and_variables_add_up() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("closes");
    let command = || {
        let mut command = sandbox.cachewarden(&["--policy", &policy]);
        command
            .args(["--label", "A=1", "--label-env", "C"])
            .env("C", "3")
            .env("D", "4");
        command
    };
    let mut both = command();
    both.env("CACHEWARDEN_LABEL", "B=2")
        .env("CACHEWARDEN_LABEL_ENV", "D");
    let session = session_of(&sandbox, both);
    for (name, value) in [("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")] {
        assert_eq!(values(&session, name), [value], "{session}");
    }
    let mut twice = command();
    twice.env("CACHEWARDEN_LABEL", "A=2");
    is_refused(twice, &["A is set twice", "--no-env"]);
    let mut twice = command();
    twice.env("CACHEWARDEN_LABEL_ENV", "C");
    is_refused(twice, &["C is set twice"]);
}
