//! CACHEWARDEN_* variables: empty ones, `--no-env`, options beside them, options without a policy
//! or given twice.

use super::{is_no_command_line, is_refused, session_of, values};
use crate::support::*;

/// Every variable of the helper whose option takes a value.
const WITH_A_VALUE: &str = "POLICY SETTINGS DIR BASE SCOPE LABEL LABEL_ENV ALLOW_READ ALLOW_WRITE MAX_SIZE \
    POLICY_MEMORY POLICY_DEADLINE POLICY_BUDGET POLICY_COMPILE_TIME POLICY_COMPILE_MEMORY RECORD REDACT_LABEL \
    REMOTE REMOTE_CREDENTIALS REMOTE_LEVEL REMOTE_BUDGET";

#[test]
fn a_variable_that_is_set_and_empty_is_an_error() {
    let sandbox = Sandbox::with_kept_policies();
    for name in WITH_A_VALUE.split_whitespace() {
        let variable = format!("CACHEWARDEN_{name}");
        let mut command = sandbox.cachewarden(&[]);
        command.env(&variable, "");
        is_no_command_line(command, &[&variable, "set and empty", "--no-env"]);
    }
    for (variable, value) in [
        ("CACHEWARDEN_ALLOW_WRITE", " , ,"),
        ("CACHEWARDEN_LABEL", "\n \n"),
    ] {
        let mut command = sandbox.cachewarden(&[]);
        command.env(variable, value);
        is_no_command_line(command, &[variable, "set and empty"]);
    }
    // A switch has no value: empty is off.
    let mut command = sandbox.cachewarden(&[]);
    command
        .env("CACHEWARDEN_VERBOSE", "")
        .env("CACHEWARDEN_ALLOW_SHARED_STORE", "");
    assert_eq!(Helper::start(command).close(), "");
    let mut command = sandbox.cachewarden(&["prune"]);
    command.env("CACHEWARDEN_PRUNE_SCOPE", "");
    is_no_command_line(command, &["CACHEWARDEN_PRUNE_SCOPE"]);
}

#[test]
fn an_option_that_is_empty_is_an_error() {
    let sandbox = Sandbox::with_kept_policies();
    for option in
        "--policy --settings --scope --label --label-env --allow-read --allow-write --redact-label"
            .split_whitespace()
    {
        is_no_command_line(sandbox.cachewarden(&[option, ""]), &[option]);
    }
    for option in ["--dir", "--base", "--record"] {
        is_no_command_line(sandbox.cachewarden(&[option, ""]), &[option]);
    }
}

#[test]
fn a_wrong_variable_is_named() {
    let sandbox = Sandbox::with_kept_policies();
    for (variable, value) in [
        ("CACHEWARDEN_MAX_SIZE", "lots"),
        ("CACHEWARDEN_ALLOW_WRITE", "main,pr/1"),
        ("CACHEWARDEN_LABEL", "no-value"),
    ] {
        let mut command = sandbox.cachewarden(&[]);
        command.env(variable, value);
        is_no_command_line(command, &[variable]);
    }
    // What only shows when it is used.
    let policy = policy("closes");
    for (variable, value) in [
        ("CACHEWARDEN_POLICY", "/nowhere/p.wasm"),
        ("CACHEWARDEN_SETTINGS", "{"),
        ("CACHEWARDEN_SETTINGS", "@/nowhere/s.json"),
        ("CACHEWARDEN_DIR", "~/store"),
        ("CACHEWARDEN_RECORD", "/nowhere/r.jsonl"),
        ("CACHEWARDEN_REDACT_LABEL", "NONE"),
    ] {
        let mut command = sandbox.cachewarden(&[]);
        command.env("CACHEWARDEN_POLICY", &policy);
        command.env(variable, value);
        is_refused(command, &[&format!("is from the variable {variable}")]);
    }
    // A build goes on without a cache, and says why.
    let mut command = sandbox.cachewarden(&[]);
    command.env("CACHEWARDEN_DIR", "/proc/nowhere");
    let told = Helper::start(command).close();
    assert!(
        told.contains("is from the variable CACHEWARDEN_DIR"),
        "{told}"
    );
    // An option that was typed is from no variable.
    let mut command = sandbox.cachewarden(&["--dir", "~/store"]);
    command.env("CACHEWARDEN_DIR", "/a");
    let ending = Helper::start(command).ending();
    assert!(!ending.stderr.contains("is from"), "{ending:?}");
}

#[test]
fn a_variable_that_no_option_has_is_refused_by_its_name() {
    let sandbox = Sandbox::with_kept_policies();
    sandbox.helper(&[]).close();
    sandbox.settle();
    // `doctor` tells it among its findings.
    let verbs: [&[&str]; 8] = [
        &[],
        &["stats"],
        &["prune"],
        &["verify"],
        &["dir"],
        &["policy", "wit"],
        &["policy", "new", "--list"],
        &["trim"],
    ];
    for verb in verbs {
        for (name, words) in [
            (
                "CACHEWARDEN_ALLOW_WRITES",
                &["did you mean CACHEWARDEN_ALLOW_WRITE?", "--no-env"][..],
            ),
            ("CACHEWARDEN_NO_ENV", &["--no-env is an option only"]),
            ("CACHEWARDEN_PRUNE_DRY-RUN", &["CACHEWARDEN_PRUNE_DRY_RUN"]),
        ] {
            let mut command = sandbox.cachewarden(verb);
            command.env(name, "1");
            is_no_command_line(command, &[&[name], words].concat());
        }
    }
    // Where no variable is read, none is refused; help and version are for who has set a wrong one.
    let store = text(sandbox.store());
    for words in [
        &["--no-env", "--dir", &store, "stats"][..],
        &["stats", "--no-env", "--dir", &store],
        &["--help"],
        &["-h"],
        &["help", "stats"],
        &["explain", "CW0402"],
        &["--version"],
        &["version"],
    ] {
        let mut command = sandbox.cachewarden(words);
        run_to_its_end(command.env("CACHEWARDEN_POLCY", "/p.wasm")).succeeded();
    }
    let mut command = sandbox.cachewarden(&["--no-env", "--dir", &store]);
    command.env("CACHEWARDEN_POLCY", "/p.wasm");
    assert_eq!(Helper::start(command).close(), "");
}

#[test]
fn a_verb_reads_the_variables_of_its_own_options() {
    let sandbox = Sandbox::with_kept_policies();
    sandbox.helper(&[]).close();
    sandbox.settle();
    let stats = |name: &str, value: &str| {
        let mut command = sandbox.cachewarden(&["stats"]);
        run_to_its_end(command.env(name, value))
    };
    stats("CACHEWARDEN_MAX_SIZE", "lots").succeeded();
    stats("CACHEWARDEN_POLICY", "").succeeded();
    assert!(
        stats("CACHEWARDEN_DIR", "")
            .exited(2)
            .stderr
            .contains("set and empty")
    );
}

#[test]
fn no_env_reads_no_variable() {
    let sandbox = Sandbox::with_kept_policies();
    let store = text(sandbox.store());
    let mut command = sandbox.cachewarden(&["--no-env", "--dir", &store]);
    for name in WITH_A_VALUE.split_whitespace() {
        // Each would be an error, or would show.
        command.env(format!("CACHEWARDEN_{name}"), "");
    }
    command
        .env("CACHEWARDEN_DIR", sandbox.path("elsewhere"))
        .env("CACHEWARDEN_SCOPE", "of-a-variable")
        .env("CACHEWARDEN_VERBOSE", "1")
        .env("CACHEWARDEN_ALLOW_WRITE", "nothing");
    let mut helper = Helper::start(command);
    helper.put(&action("any"), b"any").kept();
    assert_eq!(helper.close(), "");
    assert!(find_entry(&sandbox.store(), "default", &action("any")).is_some());
    assert!(!sandbox.path("elsewhere").exists());

    let mut command = sandbox.cachewarden(&["stats", "--no-env", "--dir", &store]);
    command.env("CACHEWARDEN_DIR", sandbox.path("elsewhere"));
    let told = run_to_its_end(&mut command).succeeded().stdout;
    assert!(told.starts_with(&store), "{told}");

    let policy = policy("closes");
    let options = [
        "--no-env", "--dir", &store, "--policy", &policy, "--label", "A=1",
    ];
    let mut command = sandbox.cachewarden(&options);
    command
        .env("CACHEWARDEN_LABEL", "REF=main")
        .env("CACHEWARDEN_SETTINGS", "{\"a\":1}");
    let session = session_of(&sandbox, command);
    assert_eq!(values(&session, "A"), ["1"]);
    assert!(values(&session, "REF").is_empty(), "{session}");
    assert_eq!(session["settings"], serde_json::json!({}));
}

#[test]
fn what_only_a_policy_reads_is_refused_without_one() {
    let sandbox = Sandbox::with_kept_policies();
    for (option, value) in [
        ("--settings", "{}"),
        ("--label", "REF=main"),
        ("--label-env", "REF"),
    ] {
        let command = sandbox.cachewarden(&[option, value]);
        is_refused(command, &[option, "--policy"]);
        let mut command = sandbox.cachewarden(&[]);
        let variable = format!(
            "CACHEWARDEN_{}",
            option[2..].replace('-', "_").to_uppercase()
        );
        command.env(&variable, value);
        is_refused(command, &[&variable, "--policy"]);
    }
}

#[test]
fn an_option_with_one_value_is_given_once() {
    let sandbox = Sandbox::with_kept_policies();
    for (option, first, second) in [
        ("--settings", "{}", "{}"),
        ("--scope", "a", "b"),
        ("--dir", "/a", "/b"),
        ("--max-size", "1GB", "2GB"),
        ("--policy-deadline", "1s", "2s"),
        ("--record", "/a", "/b"),
    ] {
        let command = sandbox.cachewarden(&[option, first, option, second]);
        is_no_command_line(command, &[option, "multiple times"]);
    }
    let command = sandbox.cachewarden(&["--dir", "/a", "stats", "--dir=/b"]);
    is_no_command_line(command, &["--dir", "multiple times"]);
}

#[test]
fn an_option_wins_over_its_variable_and_bounds_do_not_add_up() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("closes");
    let options = [
        "--policy",
        &policy,
        "--allow-write",
        "pr-*",
        "--scope",
        "pr-1",
    ];
    let mut command = sandbox.cachewarden(&options);
    command
        .env("CACHEWARDEN_ALLOW_WRITE", "main")
        .env("CACHEWARDEN_POLICY", "")
        .env("CACHEWARDEN_SCOPE", "main");
    let session = session_of(&sandbox, command);
    assert_eq!(session["writable"], serde_json::json!(["pr-*"]));
    assert_eq!(session["scope"], "pr-1");
}
