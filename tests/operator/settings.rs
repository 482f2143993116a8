//! Settings: pinned as a policy is, canonical when a policy gets them, refused where two readers
//! could differ.

use super::{is_no_command_line, is_refused, session_of};
use crate::support::*;

/// The bytes that the policy gets: a recording writes them as they are.
fn told(sandbox: &Sandbox, settings: &str) -> String {
    let file = sandbox.path("told.jsonl");
    let options = ["--policy", &policy("closes"), "--settings", settings];
    let mut command = sandbox.cachewarden(&options);
    command.arg("--record").arg(&file);
    Helper::start(command).close();
    let line = std::fs::read_to_string(&file).expect("the recording");
    std::fs::remove_file(file).expect("the recording");
    let line = line.lines().next().expect("a line").to_owned();
    let (_, settings) = line.split_once("\"settings\":").expect("settings");
    settings[..settings.len() - 1].to_owned()
}

#[test]
fn pinned_settings_are_those_bytes_or_none() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("closes");
    let file = text(sandbox.file("s.json", "{\"a\": 1}\n"));
    let pin = hex(&sha256(b"{\"a\": 1}\n"));
    let settings = format!("@{file}@sha256:{pin}");
    let options = ["--policy", &policy, "--settings", &settings];
    let session = session_of(&sandbox, sandbox.cachewarden(&options));
    assert_eq!(session["settings"], serde_json::json!({"a": 1}));
    sandbox.file("s.json", "{\"a\": 2}\n");
    let found = hex(&sha256(b"{\"a\": 2}\n"));
    is_refused(
        sandbox.cachewarden(&options),
        &[&file, &found, "other bytes"],
    );
    let short = format!("@{file}@sha256:12");
    is_no_command_line(
        sandbox.cachewarden(&["--policy", &policy, "--settings", &short]),
        &["--settings", "64 hex digits"],
    );
}

#[test]
fn a_policy_gets_its_settings_in_one_form() {
    let sandbox = Sandbox::with_kept_policies();
    let written = "{ \"b\" : [ 1, 2.50 , 86400.0 ],\n \"a\" : \"\\u0041\\ud83d\\ude00\" }\n";
    let canonical = "{\"a\":\"A😀\",\"b\":[1,2.5,86400]}";
    assert_eq!(told(&sandbox, written), canonical);
    let file = text(sandbox.file("s.json", written));
    assert_eq!(told(&sandbox, &format!("@{file}")), canonical);
    assert_eq!(told(&sandbox, canonical), canonical);
}

#[test]
fn settings_that_two_readers_read_differently_are_refused_by_their_place() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("closes");
    for (settings, words) in [
        ("{\"a\":1,\"a\":1}", ["settings.a", "twice"]),
        (
            "{\"x\":[{\"a\":1,\"\\u0061\":2}]}",
            ["settings.x[0].a", "twice"],
        ),
        (
            "{\"x\":{\"y\":\"\\ud800\"}}",
            ["settings.x.y", "hex escape"],
        ),
        ("{\"x\":1e999}", ["settings.x", "out of range"]),
        ("{\"x\":1", ["settings", "column 6"]),
    ] {
        let options = ["--policy", &policy, "--settings", settings];
        is_refused(sandbox.cachewarden(&options), &words);
        let file = text(sandbox.file("s.json", settings));
        let named = format!("@{file}");
        let options = ["--policy", &policy, "--settings", &named];
        is_refused(sandbox.cachewarden(&options), &[words[0], words[1], &named]);
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024));
    let file = format!("@{}", text(sandbox.file("large.json", large)));
    let options = ["--policy", &policy, "--settings", &file];
    is_refused(
        sandbox.cachewarden(&options),
        &["large.json", "larger than 1 MiB"],
    );
}

#[test]
fn a_replay_refuses_what_a_build_refuses() {
    let sandbox = Sandbox::with_kept_policies();
    let case = "{\"line\":\"session\",\"settings\":{\"a\":1,\"a\":2}}\n{\"line\":\"open\",\"refusal\":{\"settings\":\"settings.a: *twice*\"}}\n";
    let case = text(sandbox.file("case.jsonl", case));
    sandbox
        .run(&["policy", "test", &policy("closes"), &case])
        .succeeded();
}
