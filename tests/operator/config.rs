//! The configuration file: what it says, who wins over it, and what it must not do.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{is_no_command_line, session_of, values};
use crate::support::*;

/// The program with this file of options, which lies in a folder of its own.
pub(super) fn with_config(
    sandbox: &Sandbox,
    content: &str,
    options: &[&str],
) -> std::process::Command {
    let file = text(sandbox.file("etc/c.toml", content));
    let mut command = sandbox.command(Path::new(PROGRAM));
    command.arg("--config").arg(file).args(options);
    command
}

/// Every option that a helper has.
fn every(policy: &str) -> String {
    format!(
        r#"# Options of this machine.
policy = ["{policy}"]
settings = '{{"a": 1}}'
dir = "store"
allow-shared-store = false
base = ["image"]
scope = "of-a-file"
label = ["TEAM=blue", "B=1,2"]
label-env = ["BRANCH"]
allow-read = ["of-*", "main"]
allow-write = "of-*"
max-size = "1GB"
record = "r.jsonl"
redact-label = ["B"]
verbose = true
remote = ["file:///dev/null/near", "file:///dev/null/far?mode=read"]
remote-credentials = "credentials"
remote-budget = "1s"
remote-level = "1"
policy-memory = "32MiB"
policy-deadline = "200ms"
policy-budget = "5s"
policy-compile-time = "1min"
policy-compile-memory = "1GiB"
"#
    )
}

#[test]
fn a_file_says_what_options_say() {
    let sandbox = Sandbox::new();
    let policy = policy("closes");
    let credentials = sandbox.file("etc/credentials", "CACHEWARDEN_S3_ACCESS_KEY_ID=id\n");
    fs::set_permissions(credentials, Permissions::from_mode(0o600)).expect("its mode");
    let image = text(sandbox.path("etc/image"));
    let fill = ["--dir", &image, "--scope", "of-a-file"];
    sandbox.fill(&fill, &[action("of the image")], b"of the image");
    let mut command = with_config(&sandbox, &every(&policy), &[]);
    command.env("BRANCH", "main");
    let mut helper = Helper::start(command);
    helper.get(&action("of the image")).hit();
    helper.put(&action("any"), b"any").kept();
    assert_eq!(Totals::of(&helper.close()).puts, 1, "verbose");
    // Relative paths begin at the file's folder.
    let store = sandbox.path("etc/store");
    assert!(find_entry(&store, "of-a-file", &action("any")).is_some());
    let session = &recording(&sandbox.path("etc/r.jsonl"))[0];
    assert_eq!(values(session, "TEAM"), ["blue"]);
    assert_eq!(values(session, "BRANCH"), ["main"]);
    assert_eq!(values(session, "B"), ["redacted"]);
    assert_eq!(session["settings"], serde_json::json!({"a": 1}));
    assert_eq!(session["readable"], serde_json::json!(["of-*", "main"]));
    assert_eq!(session["writable"], serde_json::json!(["of-*"]));

    // Verbs take their own options from it, and those alone. A variable may name it, unless none is
    // read.
    sandbox.settle();
    let named = |verb: &str| {
        let mut command = sandbox.command(Path::new(PROGRAM));
        command.arg(verb);
        command.env("CACHEWARDEN_CONFIG", sandbox.path("etc/c.toml"));
        command
    };
    let told = run_to_its_end(&mut named("dir")).succeeded().stdout;
    assert_eq!(told, format!("{}\n", store.display()));
    let told = run_to_its_end(named("dir").arg("--no-env")).succeeded();
    assert!(!told.stdout.contains("etc/store"), "{told:?}");
    run_to_its_end(&mut named("stats")).succeeded();
    run_to_its_end(&mut named("help")).succeeded();
}

#[test]
fn a_file_has_just_the_options_that_have_variables() {
    let sandbox = Sandbox::new();
    let reference = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/command-line.md"
    ));
    let reference = reference.expect("docs/command-line.md");
    let helper = reference
        .split("\n## ")
        .nth(1)
        .expect("the helper's options");
    let file = every(&policy("closes"));
    for line in helper.lines().filter_map(|line| line.strip_prefix("| `--")) {
        let (option, _) = line.split_once('`').expect("an option");
        let is_there = file
            .lines()
            .any(|line| line.starts_with(&format!("{option} = ")));
        assert!(
            is_there || option == "config",
            "{option} is in no test of a file"
        );
    }
    // One of each kind of a verb's own.
    let keys = "stats-json = true\nprune-older-than = \"1day\"\nprune-dry-run = true\nverify-repair = false\n";
    let command = with_config(&sandbox, keys, &["--dir", &text(sandbox.store())]);
    Helper::start(command).close();
    sandbox.settle();
    let mut stats = with_config(&sandbox, keys, &["stats", "--dir", &text(sandbox.store())]);
    let told = run_to_its_end(&mut stats).succeeded().stdout;
    assert!(told.starts_with('{'), "{told}");
}

/// Origin: a reader of commit 9d336eb, whose error stood on two lines.
#[test]
fn a_value_with_a_line_end_is_told_on_one_line() {
    let sandbox = Sandbox::new();
    let file = text(sandbox.file("c.toml", "scope = \"a\\nb\\n\\nc\"\n"));
    let told = run_to_its_end(&mut sandbox.cachewarden(&["--config", &file])).exited(2);
    let first = told.stderr.lines().next().expect("a line");
    assert!(
        first.contains("a\\nb") && first.contains("is not a scope name"),
        "{told:?}"
    );
}

#[test]
fn an_option_wins_over_a_variable_and_a_variable_over_the_file() {
    let sandbox = Sandbox::new();
    let of_file = "dir = \"store-of-file\"\nmax-size = \"1GB\"\nverbose = true\n";
    let told = |options: &[&str], variable: Option<&str>| {
        let mut command = with_config(&sandbox, of_file, &[&["dir"], options].concat());
        if let Some(value) = variable {
            command.env("CACHEWARDEN_DIR", value);
        }
        run_to_its_end(&mut command).succeeded().stdout
    };
    let store = format!("{}\n", sandbox.path("etc/store-of-file").display());
    assert_eq!(told(&[], None), store);
    assert_eq!(told(&[], Some("/of-variable")), "/of-variable\n");
    assert_eq!(told(&["--dir", "/typed"], Some("/of-variable")), "/typed\n");
    assert_eq!(told(&["--no-env"], Some("/of-variable")), store);

    // A switch that is off is said, too.
    let told = |variable: &str| {
        let mut command = with_config(&sandbox, of_file, &[]);
        command.env("CACHEWARDEN_VERBOSE", variable);
        Helper::start(command).close().contains("gets")
    };
    assert!(told("") && told("1") && !told("0"));

    // What only tells adds up; policies that are typed replace those of the file.
    let (one, two) = (policy("closes"), policy("agrees"));
    let file = format!("policy = \"{one}\"\nlabel = \"OF_FILE=1\"\nallow-write = \"pr-*\"\n");
    let options = [
        "--policy",
        &two,
        "--label",
        "TYPED=1",
        "--allow-write",
        "x-*",
    ];
    let session = session_of(&sandbox, with_config(&sandbox, &file, &options));
    for label in ["OF_FILE", "TYPED"] {
        assert_eq!(values(&session, label), ["1"], "{session}");
    }
    assert_eq!(session["writable"], serde_json::json!(["x-*"]));
    let policy = hex(&sha256(&fs::read(&two).expect("it")));
    assert_eq!(session["policy"], policy);
}

#[test]
fn settings_are_for_the_policy_of_their_own_place() {
    let sandbox = Sandbox::new();
    let policy = policy("closes");
    let of_file = "settings = \"{}\"";
    let typed = ["--policy", &policy];
    let command = with_config(&sandbox, of_file, &typed);
    is_no_command_line(command, &["CW0411", "c.toml, line 1", "?settings="]);
    let mut command = sandbox.cachewarden(&typed);
    command.env("CACHEWARDEN_SETTINGS", "{\"trusted\":[\"*\"]}");
    is_no_command_line(command, &["CW0411", "CACHEWARDEN_SETTINGS", "?settings="]);
    let options = ["--policy", &policy, "--settings", "{\"a\":1}"];
    let session = session_of(&sandbox, with_config(&sandbox, of_file, &options));
    assert_eq!(session["settings"], serde_json::json!({"a": 1}));
    // The policy that is measured is typed: what is set for builds is not for it.
    let bench = ["policy", "bench", &policy, "--calls", "10"];
    let not_json = "settings = \"{\"";
    let mut command = with_config(&sandbox, not_json, &bench);
    run_to_its_end(&mut command).succeeded();
    let mut command = sandbox.cachewarden(&bench);
    run_to_its_end(command.env("CACHEWARDEN_SETTINGS", "{")).succeeded();
}

#[test]
fn what_is_typed_at_a_verb_puts_aside_what_cannot_stand_beside_it() {
    let sandbox = Sandbox::new();
    sandbox.helper(&[]).close();
    sandbox.settle();
    let store = text(sandbox.store());
    let of_file = "prune-max-size = \"1GB\"\nprune-older-than = \"1day\"\n";
    let prune = |options: &[&str]| {
        let options = [&["prune", "--dir", &store], options].concat();
        with_config(&sandbox, of_file, &options)
    };
    run_to_its_end(&mut prune(&["--all"])).succeeded();
    run_to_its_end(&mut prune(&["--scope", "pr-1"])).succeeded();
    // A variable puts aside nothing but its own option: `prune-scope` of the file would be lost.
    let mut command = prune(&[]);
    let told = run_to_its_end(command.env("CACHEWARDEN_PRUNE_ALL", "1")).exited(2);
    assert!(told.stderr.contains("CW0401"), "{told:?}");
    // What is off is beside nothing.
    let mut command = prune(&[]);
    run_to_its_end(command.env("CACHEWARDEN_PRUNE_ALL", "0")).succeeded();
    // Within one place it is a mistake.
    run_to_its_end(&mut prune(&["--all", "--max-size", "1GB"])).exited(2);
}

#[test]
fn a_wrong_file_is_told_by_its_line() {
    let sandbox = Sandbox::new();
    for (content, words) in [
        (
            "\nallow-writes = \"x\"",
            &["c.toml:2", "did you mean `allow-write`", "CW0406"][..],
        ),
        (
            "config = \"/other.toml\"",
            &["c.toml:1", "`config`", "CW0406"],
        ),
        ("verbose = 1", &["c.toml:1", "true or false", "CW0405"]),
        ("allow-write = []", &["c.toml:1", "empty", "CW0405"]),
        ("dir = \"/a\n", &["c.toml:1", "CW0405"]),
        // As its option takes it.
        (
            "\n\nmax-size = \"lots\"",
            &["--max-size", "c.toml, line 3", "CW0401"],
        ),
        (
            "allow-write = [\"main\", \"pr/1\"]",
            &["--allow-write", "c.toml, line 1"],
        ),
        ("label = \"no-value\"", &["--label", "c.toml, line 1"]),
    ] {
        is_no_command_line(with_config(&sandbox, content, &[]), words);
    }
    // What is looked at later names where it is from, too.
    let command = with_config(&sandbox, "settings = \"{}\"", &[]);
    super::is_refused(command, &["--settings", "CW0410", "c.toml, line 1"]);
    let command = with_config(&sandbox, "dir = \"~/store\"", &[]);
    super::is_refused(command, &["`~`", "CW0409", "c.toml, line 1"]);
}

#[test]
fn a_file_that_cannot_be_read_or_has_other_bytes_is_refused() {
    let sandbox = Sandbox::new();
    let file = text(sandbox.file("c.toml", "verbose = true\n"));
    let pin = hex(&sha256(b"verbose = true\n"));
    let named = |name: &str| {
        let mut command = sandbox.cachewarden(&["--config", name]);
        command.env_remove("CACHEWARDEN_DIR");
        command
    };
    let session = Helper::start(named(&format!("{file}@sha256:{pin}"))).close();
    assert!(session.contains("gets"), "{session}");
    sandbox.file("c.toml", "verbose = false\n");
    is_no_command_line(
        named(&format!("{file}@sha256:{pin}")),
        &["CW0404", "other bytes", &file],
    );
    let folder = text(sandbox.path("home"));
    for (name, words) in [
        ("/nowhere/c.toml", &["CW0404", "/nowhere/c.toml"][..]),
        (&folder, &["CW0404", "not a regular file"]),
        ("c.toml", &["CW0408", "relative path", &file]),
        ("~/c.toml", &["CW0409", "shell"]),
        ("", &["--config"]),
    ] {
        is_no_command_line(named(name), words);
    }
    let mut command = sandbox.cachewarden(&[]);
    command.env("CACHEWARDEN_CONFIG", "");
    is_no_command_line(command, &["CACHEWARDEN_CONFIG", "set and empty"]);
    // A variable is read in many folders, and a pull request owns some of them.
    for verb in [&[][..], &["dir"], &["prune"], &["stats"]] {
        let mut command = sandbox.cachewarden(verb);
        command.env("CACHEWARDEN_CONFIG", "c.toml");
        let words = ["CW0408", "CACHEWARDEN_CONFIG", "relative path", &file];
        is_no_command_line(command, &words);
    }
    for (value, code) in [
        ("/nowhere/c.toml".to_owned(), "CW0404"),
        (format!("{file}@sha256:{pin}"), "other bytes"),
        ("~/c.toml".to_owned(), "CW0409"),
    ] {
        let mut command = sandbox.cachewarden(&["dir"]);
        command.env("CACHEWARDEN_CONFIG", value);
        let told = run_to_its_end(&mut command).exited(2).stderr;
        let is_named = told.contains("CACHEWARDEN_CONFIG") && !told.contains("--config");
        assert!(is_named && told.contains(code), "{told}");
    }
    // A person may type a relative one; what says how things stand reads none.
    run_to_its_end(named("c.toml").arg("dir")).succeeded();
    let mut command = sandbox.cachewarden(&["explain", "CW0404"]);
    run_to_its_end(command.env("CACHEWARDEN_CONFIG", "/nowhere/c.toml")).succeeded();
}

#[test]
fn no_file_is_looked_for() {
    let sandbox = Sandbox::new();
    let options = "verbose = true\nscope = \"of-a-file\"\n";
    for name in [
        "cachewarden.toml",
        ".cachewarden.toml",
        "home/.config/cachewarden/cachewarden.toml",
        "home/cachewarden.toml",
        "gocache/cachewarden.toml",
    ] {
        sandbox.file(name, options);
    }
    let mut command = sandbox.cachewarden(&[]);
    command.env("XDG_CONFIG_HOME", sandbox.path("home/.config"));
    let mut helper = Helper::start(command);
    helper.put(&action("any"), b"any").kept();
    assert_eq!(helper.close(), "");
    assert!(find_entry(&sandbox.store(), "default", &action("any")).is_some());
}
