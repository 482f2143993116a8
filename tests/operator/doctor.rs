//! `doctor`: looks at what go would start, says which word is wrong, and proposes what keeps all
//! that it was asked about.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::*;

/// Runs the doctor in a project, with a value of GOCACHEPROG and words of its own.
#[track_caller]
fn doctor(project: &GoProject<'_>, variable: &str, options: &[&str]) -> Outcome {
    let mut command = project.command(Path::new(PROGRAM));
    command.arg("doctor").args(options);
    run_to_its_end(command.env("GOCACHEPROG", variable))
}

/// The line that begins so.
#[track_caller]
fn line<'told>(told: &'told str, beginning: &str) -> &'told str {
    let found = told.lines().find(|line| line.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no line `{beginning}`: {told}"))
}

#[test]
fn the_doctor_starts_what_gocacheprog_names() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let store = text(sandbox.store());
    let options = format!("--no-env --dir '{store}' --allow-write 'pr-*'");
    for name in [
        "cachewarden-elsewhere",
        "/nowhere/cachewarden",
        "./cachewarden",
    ] {
        let told = doctor(&project, &format!("{name} {options}"), &[])
            .exited(1)
            .stdout;
        let wrong = line(&told, "wrong  GOCACHEPROG");
        assert!(wrong.contains(&format!("`{name}`")), "{wrong}");
        // The options of the value are kept where its program is wrong.
        let proposal = line(&told, "       -> export GOCACHEPROG=");
        for word in [PROGRAM, "--no-env", &store, "--allow-write pr-*"] {
            assert!(proposal.contains(word), "{word}: {proposal}");
        }
    }
    // As go finds it in PATH.
    let folder = sandbox.folder("bin");
    symlink(PROGRAM, folder.join("cachewarden")).expect("a link");
    let mut command = project.command(Path::new("go"));
    let search = command.get_envs().find(|(name, _)| *name == "PATH");
    let search = search
        .and_then(|(_, value)| value)
        .expect("PATH")
        .to_owned();
    command = project.command(Path::new(PROGRAM));
    let mut path = folder.into_os_string();
    path.push(":");
    path.push(search);
    command
        .arg("doctor")
        .env("PATH", path)
        .env("GOCACHEPROG", format!("cachewarden {options}"));
    let told = run_to_its_end(&mut command).exited(0).stdout;
    assert!(line(&told, "ok     store").contains(&store), "{told}");
    let services = "azblob, file, ghac, gs, memcached, redis, s3, webdav";
    assert!(
        line(&told, "ok     remote tiers").ends_with(services),
        "{told}"
    );
    // A program of this name that is none.
    let other = sandbox.path("cachewarden-other");
    write_script(&other, "#!/bin/sh\nexit 3\n");
    let told = doctor(&project, &text(other.clone()), &[]).exited(1).stdout;
    assert!(
        line(&told, "wrong  GOCACHEPROG").contains(&text(other)),
        "{told}"
    );
}

/// Origin: a reader of commit 6fbcf15, to whom it proposed a private store instead of the daemon.
#[test]
fn the_doctor_proposes_the_program_that_a_mistyped_name_is_nearest_to() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    for (value, words) in [
        (
            "cachewarden-conect --socket /s -v",
            &["connect", "--socket /s -v"][..],
        ),
        (
            "/opt/cachewarden-connct --socket /s",
            &["connect", "--socket /s"],
        ),
        (
            "cachewardn connect --socket /s",
            &["connect", "--socket /s"],
        ),
        ("cachewardn --max-size 1GB", &[PROGRAM, "--max-size 1"]),
    ] {
        let told = doctor(&project, value, &[]).exited(1).stdout;
        let proposal = line(&told, "       -> export GOCACHEPROG=");
        for word in words {
            assert!(proposal.contains(word), "{value}, {word}: {proposal}");
        }
    }
    // Without its options another cache would be proposed than is meant.
    let told = doctor(&project, "cachewarden-conect --sokcet /s", &[]);
    let told = told.exited(1).stdout;
    line(&told, "       -> name the program cachewarden-connect");
    assert!(!told.contains("export GOCACHEPROG="), "{told}");
}

/// Origin: a reader of commit 0afe6a1, to whom it proposed the policy that it could not read, and
/// for a store that all may write the opposite of the cure.
#[test]
fn the_doctor_proposes_nothing_that_it_found_wrong() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let store = sandbox.store();
    sandbox.fill(&[], &[action("known")], b"known");
    set_mode(&store, 0o777);
    let store = text(store);
    for options in [
        &["--policy", "/nowhere/p.wasm"][..],
        &["--dir", store.as_str()],
    ] {
        let told = doctor(&project, "", options).exited(1).stdout;
        assert!(!told.contains("export GOCACHEPROG="), "{told}");
    }
    let told = doctor(&project, "", &["--dir", &store]).exited(1).stdout;
    line(&told, "       -> cachewarden explain CW0103");
}

#[test]
fn the_doctor_names_a_mistyped_option() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    for (words, told) in [
        ("--polcy /p.wasm", &["--polcy", "--policy"][..]),
        ("--max-size lots", &["--max-size", "lots"]),
        ("stats", &["verb"]),
    ] {
        let found = doctor(&project, &format!("'{PROGRAM}' {words}"), &[])
            .exited(1)
            .stdout;
        let wrong = line(&found, "wrong  GOCACHEPROG");
        assert!(
            told.iter().all(|word| wrong.contains(word)),
            "{told:?}: {wrong}"
        );
        // Every build fails, whatever one without the mistake would do.
        for subject in ["options", "policy", "a build"] {
            let line = line(&found, &format!("note   {subject}: "));
            assert!(line.ends_with("see to GOCACHEPROG first"), "{line}");
        }
    }
}

#[test]
fn the_doctor_says_where_each_option_is_from() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let store = text(sandbox.store());
    let file = text(sandbox.file("c.toml", "\nallow-write = \"x\"\nmax-size = \"1GB\"\n"));
    let mut command = project.command(Path::new(PROGRAM));
    command
        .arg("doctor")
        .env(
            "GOCACHEPROG",
            format!("'{PROGRAM}' --dir '{store}' --config '{file}'"),
        )
        .env("CACHEWARDEN_VERBOSE", "1");
    let told = run_to_its_end(&mut command).exited(0).stdout;
    for note in [
        "note   options: --verbose is from the variable CACHEWARDEN_VERBOSE".to_owned(),
        format!("note   options: --allow-write is from {file}, line 2"),
        format!("note   options: --max-size is from {file}, line 3"),
    ] {
        assert!(told.lines().any(|line| line == note), "{note}: {told}");
    }
    assert!(!told.contains("--dir is from"), "{told}");
}

#[test]
fn what_the_doctor_proposes_keeps_the_configuration_file() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let content = "allow-write = \"x\"\npolicy = \"of-file.wat\"\nlabel = \"A=1\"\n";
    let file = text(sandbox.file("c.toml", content));
    std::fs::copy(policy("closes"), sandbox.path("of-file.wat")).expect("a policy");
    let pinned = format!("{file}@sha256:{}", hex(&sha256(content.as_bytes())));
    let store = text(sandbox.store());
    // The pin, and the file's later versions, go on counting: only what it does not say is typed.
    let wanted = format!("--no-env --config {pinned} --dir {store} --label B=2");
    let is_proposed = |told: &str| {
        let proposal = line(told, "       -> export GOCACHEPROG=");
        assert!(proposal.contains(&format!("{wanted}\"")), "{proposal}");
    };
    let options = ["--config", &pinned, "--dir", &store, "--label", "B=2"];
    is_proposed(&doctor(&project, "", &options).exited(1).stdout);
    // The variables are left out of what is proposed, so it says what they said.
    let mut command = project.command(Path::new(PROGRAM));
    command
        .args(["doctor", "--label", "B=2"])
        .env("GOCACHEPROG", "")
        .env("CACHEWARDEN_CONFIG", &pinned)
        .env("CACHEWARDEN_DIR", &store);
    is_proposed(&run_to_its_end(&mut command).exited(1).stdout);
    // The value of GOCACHEPROG, where only its program is wrong.
    let value = format!("/nowhere/cachewarden --config {pinned} --dir {store} --label B=2");
    is_proposed(
        &doctor(&project, &format!("{value} --no-env"), &[])
            .exited(1)
            .stdout,
    );
}

#[test]
fn the_doctor_tells_a_wrong_variable_and_a_wrong_file_as_findings() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let file = text(sandbox.file("c.toml", "allow-writes = \"x\"\n"));
    for (variable, value, words) in [
        (
            "CACHEWARDEN_POLCY",
            "/p.wasm",
            ["CACHEWARDEN_POLICY", "CW0402"],
        ),
        (
            "CACHEWARDEN_ALLOW_WRITE",
            "",
            ["CACHEWARDEN_ALLOW_WRITE", "CW0403"],
        ),
        ("CACHEWARDEN_MAX_SIZE", "lots", ["--max-size", "CW0401"]),
        ("CACHEWARDEN_CONFIG", &file, ["`allow-write`", "CW0406"]),
    ] {
        let mut command = project.command(Path::new(PROGRAM));
        command
            .arg("doctor")
            .env("GOCACHEPROG", "")
            .env(variable, value);
        let told = run_to_its_end(&mut command).exited(1).stdout;
        let wrong = line(&told, "wrong  options");
        assert!(
            words.iter().all(|word| wrong.contains(word)),
            "{words:?}: {wrong}"
        );
        line(&told, "ok     go");
    }
}

/// Origin: a reader who was told of one variable twice, and to type --no-env, which helped the
/// doctor and no build.
#[test]
fn a_wrong_variable_is_one_finding() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    for (variable, value) in [
        ("CACHEWARDEN_POLCY", "/p.wasm"),
        ("CACHEWARDEN_ALLOW_WRITE", ""),
        ("CACHEWARDEN_MAX_SIZE", "lots"),
    ] {
        let run = |gocacheprog: &str| {
            let mut command = project.command(Path::new(PROGRAM));
            command
                .arg("doctor")
                .env("GOCACHEPROG", gocacheprog)
                .env(variable, value);
            run_to_its_end(&mut command)
        };
        let told = run(&format!("'{PROGRAM}' -v")).exited(1).stdout;
        let wrong: Vec<_> = told
            .lines()
            .filter(|line| line.starts_with("wrong"))
            .collect();
        assert!(wrong.len() == 1 && wrong[0].contains("options"), "{told}");
        line(&told, "note   GOCACHEPROG");
        assert!(!told.contains("(--no-env)"), "{told}");
        let told = run("").exited(1).stdout;
        assert!(!told.contains("export GOCACHEPROG="), "{told}");
        // A helper that reads none is all right.
        let store = text(sandbox.store());
        run(&format!("'{PROGRAM}' --no-env --dir '{store}'")).exited(0);
    }
}

#[test]
fn a_path_that_lacks_quotes_is_recognised() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    // What go makes of it.
    let told = sandbox
        .run(&["--policy", "/my", "policies/p.wasm"])
        .exited(2);
    assert!(told.stderr.contains("'/my policies/p.wasm'"), "{told:?}");
    let found = doctor(
        &project,
        &format!("'{PROGRAM}' --dir /my folder/store"),
        &[],
    );
    let told = found.exited(1).stdout;
    let wrong = line(&told, "wrong  GOCACHEPROG");
    assert!(wrong.contains("'/my folder/store'"), "{wrong}");
    // And the program's own.
    let program = sandbox.folder("my programs").join("cachewarden");
    symlink(PROGRAM, &program).expect("a link");
    let value = format!("{} --no-env --allow-write x", program.display());
    let told = doctor(&project, &value, &[]).exited(1).stdout;
    let proposal = line(&told, "       -> export GOCACHEPROG=");
    for word in ["cachewarden'", "--allow-write x"] {
        assert!(proposal.contains(word), "{word}: {proposal}");
    }
}

#[test]
fn what_the_doctor_proposes_keeps_all_that_it_was_asked_about() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (store, policy) = (text(sandbox.path("the store's")), policy("closes"));
    let record = text(sandbox.path("r.jsonl"));
    let options = [
        "--policy",
        &policy,
        "--settings",
        "{\"a\": \"$HOME `x` \\\\ !\"}",
        "--dir",
        &store,
        "--label",
        "A=it's",
        "--label-env",
        "B",
        "--allow-read",
        "x",
        "--allow-write",
        "x",
        "--scope",
        "x",
        "--policy-budget",
        "5s",
        "--record",
        &record,
        "--redact-label",
        "B",
    ];
    let told = doctor(&project, "", &options).exited(1).stdout;
    let proposal = line(&told, "       -> export GOCACHEPROG=").trim_start_matches("       -> ");
    let (proposal, _) = proposal.split_once("   (or").expect("two forms");
    // A shell and go read it as it is meant.
    let mut shell = project.command(Path::new("sh"));
    shell
        .args(["-c", &format!("{proposal}; go build ./lib")])
        .env("B", "b");
    run_to_its_end(&mut shell).succeeded();
    let session = &recording(Path::new(&record))[0];
    assert_eq!(
        session["settings"],
        serde_json::json!({"a": "$HOME `x` \\ !"})
    );
    assert_eq!(session["scope"], "x");
    assert_eq!(session["writable"], serde_json::json!(["x"]));
    assert_eq!(super::values(session, "A"), ["it's"]);
    assert_eq!(super::values(session, "B"), ["redacted"]);
    assert!(Path::new(&store).join("VERSION").exists());

    // Also beside a variable that is well.
    let told = doctor(&project, &format!("'{PROGRAM}'"), &["--policy", &policy])
        .exited(0)
        .stdout;
    assert!(
        line(&told, "note   GOCACHEPROG").contains(&policy),
        "{told}"
    );
}

#[test]
fn the_doctor_says_what_was_kept_and_what_the_policy_said() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES).with_helper("");
    let store = text(sandbox.store());
    let value = format!("'{PROGRAM}' --dir '{store}'");
    let told = doctor(&project, &value, &[]).exited(0).stdout;
    let build = line(&told, "ok     a build");
    assert!(
        build.contains("puts kept, 0 refused") && !build.contains(" 0 of"),
        "{build}"
    );

    let refusing = format!("{value} --policy '{}'", policy("refuses-session"));
    let told = doctor(&project, &refusing, &[]).exited(0).stdout;
    assert!(line(&told, "note   a build").contains(" 0 of "), "{told}");
    assert!(told.contains("the policy lets nothing be kept"), "{told}");
    assert!(!told.contains("ok     a build"), "{told}");
    assert!(told.contains("nobody I know"), "{told}");

    let bounded = format!("{value} --scope main --allow-write 'pr-*'");
    let told = doctor(&project, &bounded, &[]).exited(0).stdout;
    assert!(line(&told, "note   a build").contains(" 0 of "), "{told}");
    assert!(told.contains("the options let nothing be kept"), "{told}");
    assert!(!told.contains("the policy"), "{told}");

    let away = format!("'{PROGRAM}' connect --socket '{store}/socket'");
    let told = doctor(&project, &away, &[]).exited(1).stdout;
    line(
        &told,
        "       -> correct --socket, or have the daemon started",
    );

    fs::write(sandbox.path("file"), "").expect("a file");
    let unusable = format!("'{PROGRAM}' --dir '{}/store'", text(sandbox.path("file")));
    let told = doctor(&project, &unusable, &[]).exited(1).stdout;
    line(&told, "wrong  store");
    assert!(
        line(&told, "wrong  a build").contains("not tried"),
        "{told}"
    );
}
