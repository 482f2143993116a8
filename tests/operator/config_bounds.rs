//! What no variable changes of a configuration file.

use std::path::Path;

use super::config::with_config;
use super::{is_no_command_line, session_of, values};
use crate::support::*;

/// What decides what a session may do: as a file says it, and as a script would widen it.
const BOUNDS: [(&str, &str, &str); 17] = [
    ("policy", "\"/p.wasm\"", "/q.wasm"),
    ("settings", "\"{}\"", "{\"trusted\":[\"*\"]}"),
    ("scope", "\"pr\"", "main"),
    ("label", "\"TEAM=blue\"", "GITHUB_REF=refs/heads/main"),
    ("label-env", "\"BRANCH\"", "FORGED"),
    ("allow-read", "\"pr-*\"", "*"),
    ("allow-write", "\"pr-*\"", "main"),
    ("allow-shared-store", "false", "1"),
    ("base", "\"/image\"", "/elsewhere"),
    ("max-size", "\"20GB\"", "1B"),
    ("record", "\"/audit.jsonl\"", "/elsewhere.jsonl"),
    ("redact-label", "\"TOKEN\"", "GITHUB_REF"),
    ("policy-memory", "\"1MiB\"", "1GiB"),
    ("policy-deadline", "\"1ms\"", "1h"),
    ("policy-budget", "\"1s\"", "1h"),
    ("policy-compile-time", "\"1s\"", "1h"),
    ("policy-compile-memory", "\"1GiB\"", "9GiB"),
];

fn variable(key: &str) -> String {
    format!("CACHEWARDEN_{}", key.replace('-', "_").to_uppercase())
}

#[test]
fn a_file_that_sets_a_bound_refuses_the_variables_of_all_bounds() {
    let sandbox = Sandbox::new();
    for (at, (key, of_file, of_variable)) in BOUNDS.iter().enumerate() {
        // The same bound, and another one, of which the file says nothing.
        let (other, of_other, _) = BOUNDS[(at + 1) % BOUNDS.len()];
        for (bound, value) in [(*key, *of_file), (other, of_other)] {
            let mut command = with_config(&sandbox, &format!("\n{bound} = {value}\n"), &[]);
            command.env(variable(key), of_variable);
            let option = format!("--{bound}");
            let words = [
                "CW0407",
                &variable(key),
                &option,
                "c.toml, line 2",
                "--no-env",
            ];
            is_no_command_line(command, &words);
        }
    }
    // Where the file bounds nothing, a job bounds itself.
    let mut command = with_config(&sandbox, "dir = \"store\"", &[]);
    command.env("CACHEWARDEN_ALLOW_WRITE", "pr-*");
    let session = session_of(&sandbox, command);
    assert_eq!(session["writable"], serde_json::json!(["pr-*"]));
    // Whoever types the command line may leave the file out as well.
    let file = "allow-write = \"pr-*\"";
    let mut command = with_config(&sandbox, file, &["--allow-write", "x-*"]);
    command.env("CACHEWARDEN_ALLOW_WRITE", "main");
    let session = session_of(&sandbox, command);
    assert_eq!(session["writable"], serde_json::json!(["x-*"]));
    // A label is added to those that are typed, so it is refused beside them, too.
    let options = ["--policy", &policy("closes"), "--label", "A=1"];
    let mut command = with_config(&sandbox, file, &options);
    command.env("CACHEWARDEN_LABEL", "B=1");
    is_no_command_line(command, &["CW0407", "CACHEWARDEN_LABEL"]);
    // Where no variable is read, none is in the way.
    let mut command = with_config(&sandbox, file, &["--no-env"]);
    command.env("CACHEWARDEN_ALLOW_WRITE", "main");
    let session = session_of(&sandbox, command);
    assert_eq!(session["writable"], serde_json::json!(["pr-*"]));
}

#[test]
fn a_file_can_say_that_no_variable_counts() {
    let sandbox = Sandbox::new();
    let file = "no-env = true\nallow-write = \"pr-*\"\n";
    let mut command = with_config(&sandbox, file, &[]);
    for (key, _, of_variable) in BOUNDS {
        command.env(variable(key), of_variable);
    }
    command
        .env("CACHEWARDEN_DIR", sandbox.path("elsewhere"))
        .env("CACHEWARDEN_POLCY", "/p.wasm");
    let session = session_of(&sandbox, command);
    assert_eq!(session["writable"], serde_json::json!(["pr-*"]));
    assert_eq!(session["readable"], serde_json::json!(["*"]));
    assert!(values(&session, "GITHUB_REF").is_empty(), "{session}");
    assert!(!sandbox.path("elsewhere").exists());
    // The variable that names the file is the one that counts.
    let mut command = sandbox.command(Path::new(PROGRAM));
    command
        .args(["dir", "--dir", "/typed"])
        .env("CACHEWARDEN_CONFIG", sandbox.path("etc/c.toml"))
        .env("CACHEWARDEN_POLCY", "/p.wasm");
    run_to_its_end(&mut command).succeeded();
    // Verbs take it, too.
    let file = "no-env = true\ndir = \"store\"\n";
    let mut command = with_config(&sandbox, file, &["dir"]);
    command.env("CACHEWARDEN_DIR", "/of-variable");
    let told = run_to_its_end(&mut command).succeeded().stdout;
    assert!(told.contains("etc/store"), "{told}");
    // Off, it says what holds anyway.
    let mut command = with_config(&sandbox, "no-env = false", &["dir"]);
    command.env("CACHEWARDEN_DIR", "/of-variable");
    let told = run_to_its_end(&mut command).succeeded().stdout;
    assert_eq!(told, "/of-variable\n");
}

#[test]
fn what_bounds_nothing_can_be_set_by_a_variable_beside_the_file() {
    let sandbox = Sandbox::new();
    let file = "allow-write = \"pr-*\"\ndir = \"store\"\nprune-max-size = \"1GB\"\n";
    let mut command = with_config(&sandbox, file, &[]);
    command
        .env("CACHEWARDEN_DIR", sandbox.path("elsewhere"))
        .env("CACHEWARDEN_VERBOSE", "1");
    let mut helper = Helper::start(command);
    // The bounds hold there, too.
    helper.put(&action("any"), b"any");
    assert_eq!(Totals::of(&helper.close()).puts, 1);
    assert!(!sandbox.path("etc/store").exists() && sandbox.path("elsewhere").exists());
    assert!(find_entry(&sandbox.path("elsewhere"), "default", &action("any")).is_none());
    sandbox.settle();
    let mut command = with_config(
        &sandbox,
        file,
        &["prune", "--dir", &text(sandbox.path("elsewhere"))],
    );
    command.env("CACHEWARDEN_PRUNE_MAX_SIZE", "1MB");
    run_to_its_end(&mut command).succeeded();
    // A typed --config wins over the variable; a variable alone may name any file.
    let other = text(sandbox.file("other.toml", "dir = \"/of-other\"\n"));
    let mut command = with_config(&sandbox, file, &["dir"]);
    let told = run_to_its_end(command.env("CACHEWARDEN_CONFIG", &other))
        .succeeded()
        .stdout;
    assert!(told.contains("etc/store"), "{told}");
    let mut command = sandbox.command(Path::new(PROGRAM));
    command.arg("dir").env("CACHEWARDEN_CONFIG", &other);
    assert_eq!(
        run_to_its_end(&mut command).succeeded().stdout,
        "/of-other\n"
    );
}
