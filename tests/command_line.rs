//! What a person types and reads: help, versions, statistics, pruning, the doctor, and options as
//! variables.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use crate::support::*;

#[test]
fn help_teaches_and_fits_a_screen() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["--help"]).succeeded().stdout;
    let short = sandbox.run(&["-h"]).succeeded().stdout;
    assert!(short.lines().count() <= 24, "{short}");
    for word in [
        "--policy",
        "--dir",
        "--help",
        "stats",
        "doctor",
        "GOCACHEPROG=",
    ] {
        assert!(short.contains(word), "{word} is missing: {short}");
    }
    assert!(help.lines().count() <= 72, "{} lines", help.lines().count());
    assert!(
        help.lines().all(|line| line.chars().count() <= 110),
        "{help}"
    );
    let options = "--policy --settings --dir --allow-shared-store --base --scope --label --label-env --allow-read --allow-write --max-size \
        --policy-memory --policy-deadline --policy-budget --policy-compile-time --policy-compile-memory --record --redact-label --no-env -v \
        --remote --remote-credentials --remote-level --remote-budget";
    for word in options.split_whitespace().chain([
        "stats",
        "prune",
        "verify",
        "doctor",
        "--version",
        "GOCACHEPROG",
        "CACHEWARDEN_",
    ]) {
        assert!(help.contains(word), "{word} is missing: {help}");
    }
    let prune = sandbox.run(&["prune", "--help"]).succeeded().stdout;
    for word in [
        "--older-than",
        "--max-size",
        "--scope",
        "--all",
        "--now",
        "--yes",
        "--dry-run",
    ] {
        assert!(prune.contains(word), "{word} is missing: {prune}");
    }
    assert!(
        sandbox
            .run(&["stats", "--help"])
            .succeeded()
            .stdout
            .contains("--json")
    );
}

#[test]
fn help_and_version_are_verbs_too() {
    let sandbox = Sandbox::new();
    let told = |words: &[&str]| sandbox.run(words).succeeded().stdout;
    assert_eq!(told(&["help"]), told(&["--help"]));
    assert_eq!(told(&["help", "prune"]), told(&["prune", "--help"]));
    assert_eq!(
        told(&["help", "policy", "new"]),
        told(&["policy", "new", "--help"])
    );
    assert_eq!(
        told(&["policy", "help", "test"]),
        told(&["policy", "test", "--help"])
    );
    assert_eq!(told(&["policy", "help"]), told(&["policy", "--help"]));
    for verb in ["serve", "connect"] {
        let help = told(&["help", verb]);
        assert_eq!(help, told(&[verb, "--help"]));
        let own = match verb {
            "serve" => "--print-config",
            _ => "--when-down",
        };
        assert!(help.contains(own) && !help.contains("--no-env"), "{help}");
    }
    assert_eq!(told(&["version"]), told(&["--version"]));
    let wrong = sandbox.run(&["help", "prun"]).exited(2);
    assert!(wrong.stderr.contains("prune"), "{wrong:?}");
}

#[test]
fn the_end_of_the_help_is_wrapped_for_the_terminal() {
    let sandbox = Sandbox::new();
    let help = |columns: &str| {
        let mut command = sandbox.cachewarden(&["--help"]);
        run_to_its_end(command.env("COLUMNS", columns))
            .succeeded()
            .stdout
    };
    for columns in ["80", "110"] {
        let help = help(columns);
        let (_, end) = help.split_once("Use it by setting").expect("the end");
        let width = columns.parse().expect("a number");
        assert!(
            end.lines().all(|line| line.chars().count() <= width),
            "{end}"
        );
        // No line is cut where there is room for its next word.
        let paragraph = end.split("\n\n").nth(1).expect("a paragraph");
        let lines: Vec<_> = paragraph.lines().collect();
        for pair in lines.windows(2) {
            let word = pair[1].split(' ').next().expect("a word");
            assert!(
                pair[0].chars().count() + 1 + word.chars().count() > width,
                "{paragraph}"
            );
        }
        assert!(
            end.replace('\n', " ").contains("CACHEWARDEN_POLICY"),
            "{end}"
        );
    }
}

#[test]
fn the_languages_of_policies_are_named_where_one_is_wanted() {
    let sandbox = Sandbox::new();
    let languages = sandbox.run(&["policy", "new", "--list"]).succeeded().stdout;
    let help = sandbox.run(&["policy", "new", "--help"]).succeeded().stdout;
    let missing = sandbox.run(&["policy", "new", "mine"]).exited(2).stderr;
    let unknown = sandbox
        .run(&["policy", "new", "mine", "--lang", "cobol"])
        .exited(2)
        .stderr;
    for told in [help, missing, unknown] {
        for language in languages.lines() {
            assert!(told.contains(language), "{language}: {told}");
        }
    }
    assert!(!sandbox.path("mine").exists());
}

#[test]
fn an_option_stands_at_the_verbs_that_use_it() {
    let sandbox = Sandbox::new();
    for (verb, option, uses) in [
        (&["policy", "new"][..], "--dir", false),
        (&["policy", "wit"], "--allow-shared-store", false),
        (&["policy", "test"], "--policy-budget", true),
        (&["policy", "test"], "--settings", true),
        (&["policy", "bench"], "--settings", true),
        (&["policy", "compile"], "--policy-compile-time", true),
        (&["stats"], "--dir", true),
        (&["stats"], "--policy", false),
        (&["doctor"], "--policy", true),
        (&["dir"], "--dir", true),
    ] {
        let help = sandbox
            .run(&[verb, &["--help"]].concat())
            .succeeded()
            .stdout;
        let is_there =
            help.contains(&format!("{option} <")) || help.contains(&format!("{option} "));
        assert_eq!(is_there, uses, "{verb:?} {option}: {help}");
    }
    for words in [
        &["policy", "new", "--list", "--dir", "/a"][..],
        &["--dir", "/a", "policy", "new", "--list"],
    ] {
        let told = sandbox.run(words).exited(2);
        assert!(told.stderr.contains("'--dir'"), "{told:?}");
    }
}

#[test]
fn the_version_names_contract_layout_and_engine() {
    let version = Sandbox::new().run(&["--version"]).succeeded().stdout;
    for word in ["cachewarden", "contract", "layout", "wasmtime"] {
        let line = version.lines().find(|line| line.contains(word));
        let line = line.unwrap_or_else(|| panic!("{word} is missing: {version}"));
        assert!(
            line.contains(|character: char| character.is_ascii_digit()),
            "{line}"
        );
    }
}

#[test]
fn a_mistyped_option_is_told_and_nothing_is_served() {
    let sandbox = Sandbox::new();
    for (arguments, word) in [
        (&["--polcy", "x.wasm"][..], "--policy"),
        (&["--max-size", "lots"], "--max-size"),
        (&["--policy-deadline", "soon"], "--policy-deadline"),
        (&["--policy-memory=-1"], "--policy-memory"),
        (&["--label", "no-value"], "--label"),
        (&["prun"], "prune"),
    ] {
        let outcome = sandbox.run(arguments).exited(2);
        assert!(outcome.stderr.contains(word), "{arguments:?}: {outcome:?}");
        assert_eq!(outcome.stdout, "", "stdout is for the protocol");
    }
}

/// Origin: a reader of commit 9d336eb.
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["help", "stats"],
        &["serve", "--help"],
        &["dir"],
        &["explain"],
        &["policy", "wit"],
    ] {
        let full = File::create("/dev/full").expect("a device of Linux");
        let output = sandbox
            .cachewarden(arguments)
            .stdout(full)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains("cannot write to standard output"),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn what_was_probably_meant_is_named() {
    let sandbox = Sandbox::new();
    let daemons = sandbox.run(&["serve", "--print-config"]).succeeded().stdout;
    let daemons = text(sandbox.file("serve.toml", daemons));
    for (arguments, meant) in [
        (&["explain", "CW103"][..], "did you mean CW0103?"),
        (&["--socket", "/s"], "an option of `cachewarden connect`"),
        (
            &["-v", "--token-file=/t"],
            "an option of `cachewarden connect`",
        ),
        (
            &["status", "--config", &daemons],
            "which `cachewarden serve --config` alone reads",
        ),
        (&["explain", "no-stroe"], "did you mean no-store?"),
        (
            &["policy", "new", "x", "--lang", "rsut"],
            "did you mean rust?",
        ),
    ] {
        let told = sandbox.run(arguments).exited(2).stderr;
        assert!(told.contains(meant), "{arguments:?}: {told}");
        assert!(!told.contains("'--scope'"), "{arguments:?}: {told}");
    }
}

/// go splits GOCACHEPROG at spaces.
#[test]
fn a_value_with_a_space_is_told_to_need_quotes() {
    let sandbox = Sandbox::new();
    for (arguments, told) in [
        (
            &["--dir", "/a", "b"][..],
            Some("if `/a b` is one path, put it in quotes within GOCACHEPROG: '/a b'"),
        ),
        (&["--dir=/a", "b"], Some("if `/a b` is one path")),
        (
            &["--scope", "my", "scope"],
            Some("if `my scope` is one value"),
        ),
        (&["-v", "scope"], None),
    ] {
        let said = sandbox.run(arguments).exited(2).stderr;
        let tip = said.lines().find(|line| line.contains("is one"));
        match told {
            Some(told) => assert!(tip.is_some_and(|tip| tip.contains(told)), "{said}"),
            None => assert_eq!(tip, None, "{said}"),
        }
    }
}

#[test]
fn a_person_in_a_terminal_gets_help() {
    let sandbox = Sandbox::new();
    let (terminal, end) = terminal();
    let mut command = sandbox.cachewarden(&[]);
    let child = command
        .stdin(end)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let watchdog = Watchdog::over(child.id());
    // It does not wait for what nobody will type: the terminal stays open all the time.
    let output = child.wait_with_output().expect("it ends");
    assert!(!watchdog.fired());
    drop(terminal);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("GOCACHEPROG=") && stderr.contains("doctor"),
        "{stderr}"
    );
    assert!(output.stdout.is_empty(), "stdout is for the protocol");
}

#[test]
fn options_are_variables_too() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.cachewarden(&[]);
    command
        .env("CACHEWARDEN_DIR", sandbox.path("elsewhere"))
        .env("CACHEWARDEN_POLICY", policy("closes"))
        .env("CACHEWARDEN_SETTINGS", "{\"a\": 1}")
        .env("CACHEWARDEN_SCOPE", "of-a-variable")
        .env("CACHEWARDEN_LABEL", "TEAM=blue")
        .env("CACHEWARDEN_LABEL_ENV", "BRANCH")
        .env("BRANCH", "main")
        .env("CACHEWARDEN_ALLOW_READ", "of-*")
        .env("CACHEWARDEN_ALLOW_WRITE", "of-*")
        .env("CACHEWARDEN_MAX_SIZE", "1GB")
        .env("CACHEWARDEN_POLICY_MEMORY", "32MiB")
        .env("CACHEWARDEN_POLICY_DEADLINE", "200ms")
        .env("CACHEWARDEN_POLICY_BUDGET", "5s")
        .env("CACHEWARDEN_RECORD", sandbox.path("record.jsonl"))
        .env("CACHEWARDEN_VERBOSE", "1");
    let mut helper = Helper::start(command);
    helper.put(&action("any"), b"any").kept();
    let totals = Totals::of(&helper.close());
    assert_eq!(totals.puts, 1);
    assert!(find_entry(&sandbox.path("elsewhere"), "of-a-variable", &action("any")).is_some());
    let session = &recording(&sandbox.path("record.jsonl"))[0];
    let labels = session["labels"].to_string();
    assert!(
        labels.contains("TEAM") && labels.contains("blue") && labels.contains("BRANCH"),
        "{session}"
    );
    assert_eq!(session["settings"], serde_json::json!({"a": 1}));
    assert_eq!(session["readable"], serde_json::json!(["of-*"]));
}

/// Origin: a reader who typed options as those of the go command.
#[test]
fn an_option_with_one_dash_is_taken_for_what_it_means() {
    let sandbox = Sandbox::new();
    for (words, option) in [
        (&["-policy", "/p.wasm"][..], "policy"),
        (&["-verbose"], "verbose"),
        (&["-max-size=1GB"], "max-size"),
        (&["stats", "-json"], "json"),
        (&["remote", "prune", "-dry-run"], "dry-run"),
    ] {
        let told = sandbox.run(words).exited(2).stderr;
        assert!(told.contains(&format!("'-{option}' found")), "{told}");
        assert!(told.contains(&format!("exists: '--{option}'")), "{told}");
    }
    let told = sandbox.run(&["-polcy"]).exited(2).stderr;
    assert!(!told.contains("exists: '--polcy'"), "{told}");
}

#[test]
fn the_line_of_v_has_the_documented_form() {
    let sandbox = Sandbox::new();
    let run = |options: &[&str]| {
        let mut helper = sandbox.helper(options);
        helper.get(&action("unknown")).miss();
        helper.put(&action("any"), &[1; 1_200_000]).kept();
        helper.get(&action("any")).hit();
        helper.close()
    };
    assert_eq!(run(&[]), "");
    let plain = run(&["-v"]);
    assert!(
        plain.starts_with("cachewarden: 2 gets, 1 hit, 0 refused; 1 put, 0 refused, 1.2 MB"),
        "{plain}"
    );
    assert_eq!(plain.lines().count(), 1);
    let with_policy = run(&["-v", "--policy", &policy("closes")]);
    let time = with_policy
        .strip_prefix("cachewarden: 2 gets, 1 hit, 0 refused; 1 put, 0 refused, 1.2 MB; policy ")
        .unwrap_or_else(|| panic!("{with_policy}"));
    let time = time
        .strip_suffix(" ms\n")
        .unwrap_or_else(|| panic!("{with_policy}"));
    assert!(time.parse::<f64>().is_ok(), "{with_policy}");
}

#[test]
fn the_doctor_says_what_to_type() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let doctor = |variable: &str, options: &[&str]| {
        let mut command = project.command(Path::new(PROGRAM));
        command
            .arg("doctor")
            .args(options)
            .env("GOCACHEPROG", variable);
        command.env("CACHEWARDEN_DIR", sandbox.store());
        run_to_its_end(&mut command)
    };
    let healthy = doctor(&format!("'{PROGRAM}'"), &[]).exited(0);
    for word in [
        "GOCACHEPROG",
        "GOCACHE",
        sandbox.store().to_str().expect("UTF-8"),
    ] {
        assert!(
            healthy.stdout.contains(word),
            "{word} is missing: {healthy:?}"
        );
    }
    assert!(
        healthy.stdout.contains("build"),
        "a go ran through it: {healthy:?}"
    );

    let unset = doctor("", &[]).exited(1);
    assert!(
        unset.stdout.contains("GOCACHEPROG=") && unset.stdout.contains(PROGRAM),
        "what to type: {unset:?}"
    );

    let mut command = project.command(Path::new(PROGRAM));
    command
        .args(["--policy", "/nowhere/policy.wasm", "doctor"])
        .env("CACHEWARDEN_DIR", sandbox.store());
    let wrong = run_to_its_end(&mut command).exited(1);
    assert!(wrong.stdout.contains("/nowhere/policy.wasm"), "{wrong:?}");

    let mut command = project.command(Path::new(PROGRAM));
    command
        .arg("doctor")
        .env("PATH", "/nowhere")
        .env("CACHEWARDEN_DIR", sandbox.store());
    assert!(run_to_its_end(&mut command).exited(1).stdout.contains("go"));
}

#[test]
fn the_default_folder_is_the_users_cache() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(Path::new(PROGRAM));
    command.env("XDG_CACHE_HOME", sandbox.path("home/of-xdg"));
    let mut helper = Helper::start(command);
    helper.put(&action("any"), b"any").kept();
    helper.close();
    let store = sandbox.path("home/of-xdg/cachewarden");
    assert!(find_entry(&store, "default", &action("any")).is_some());
    assert_eq!(mode(&store), 0o700);

    let mut helper = Helper::start(sandbox.command(Path::new(PROGRAM)));
    helper.get(&action("any")).miss();
    helper.put(&action("any"), b"any").kept();
    helper.close();
    assert!(
        !sandbox
            .files_ending("home/.cache", &hex(&action("any")))
            .is_empty()
    );
}
