//! Relative paths: refused where go starts the helper, and meant where a person types.

use std::fs;
use std::path::Path;

use super::is_refused;
use crate::support::*;

#[test]
fn a_helpers_paths_are_absolute() {
    let sandbox = Sandbox::new();
    fs::copy(policy("closes"), sandbox.path("p.wat")).expect("a copy");
    sandbox.file("t.json", "{}");
    let policy = policy("closes");
    let told = |name: &str| text(sandbox.path("").canonicalize().expect("it").join(name));
    let pin = format!("@t.json@sha256:{}", hex(&sha256(b"{}")));
    for (options, name) in [
        (&["--policy", "p.wat"][..], "p.wat"),
        (&["--policy", "./p.wat"], "p.wat"),
        (&["--policy", &policy, "--settings", "@t.json"], "t.json"),
        (&["--policy", &policy, "--settings", &pin], "t.json"),
        (&["--dir", "my/store"], "my/store"),
        (&["--record", "r.jsonl"], "r.jsonl"),
    ] {
        let option = options[options.len() - 2];
        let path = told(name);
        is_refused(
            sandbox.cachewarden(options),
            &[option, "relative path", &path],
        );
    }
    assert!(!sandbox.path("my").exists() && !sandbox.path("r.jsonl").exists());
    let mut command = sandbox.cachewarden(&[]);
    command.env("CACHEWARDEN_DIR", "my/store");
    is_refused(command, &["--dir", "relative path", &told("my/store")]);
}

#[test]
fn what_a_shell_would_expand_is_named() {
    let sandbox = Sandbox::new();
    let home = text(sandbox.path("home/store"));
    for (path, words) in [
        ("~/store", ["`~`", "shell", home.as_str()]),
        ("$HOME/store", ["`$HOME`", "shell", &home]),
        ("${HOME}/store", ["`${HOME}`", "shell", &home]),
        ("~other/store", ["`~other`", "shell", "absolute path"]),
        ("$RUNNER/store", ["`$RUNNER`", "shell", "absolute path"]),
    ] {
        is_refused(sandbox.cachewarden(&["--dir", path]), &words);
        let verb = sandbox.run(&["stats", "--dir", path]).exited(2);
        assert!(verb.stderr.contains(words[0]), "{verb:?}");
    }
    assert!(fs::read_dir(sandbox.path("")).expect("it").all(|item| {
        let name = item.expect("an item").file_name();
        !name.to_string_lossy().starts_with(['~', '$'])
    }));
}

#[test]
fn a_person_may_type_relative_paths() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.settle();
    for verb in ["stats", "verify", "prune"] {
        let told = sandbox.run(&[verb, "--dir", "store"]).succeeded().stdout;
        assert!(told.contains(&text(sandbox.store())), "{told}");
    }
    fs::copy(policy("closes"), sandbox.path("p.wat")).expect("a copy");
    sandbox.run(&["policy", "compile", "p.wat"]).succeeded();
}

/// A variable is also there in folders that a pull request owns.
#[test]
fn a_variable_has_no_relative_path_at_a_verb_either() {
    let sandbox = Sandbox::new();
    fs::copy(policy("closes"), sandbox.path("p.wat")).expect("a copy");
    for (verb, variable, value) in [
        ("stats", "CACHEWARDEN_DIR", "store"),
        ("dir", "CACHEWARDEN_DIR", "./store"),
        ("prune", "CACHEWARDEN_DIR", "../store"),
        ("status", "CACHEWARDEN_SOCKET", "socket"),
    ] {
        let mut command = sandbox.cachewarden(&[verb]);
        let told = run_to_its_end(command.env(variable, value)).exited(2);
        for word in ["CW0408", variable, "relative path"] {
            assert!(told.stderr.contains(word), "{verb}: {told:?}");
        }
    }
    for (variable, value) in [
        ("CACHEWARDEN_POLICY", "p.wat"),
        ("CACHEWARDEN_RECORD", "r.jsonl"),
    ] {
        let mut command = sandbox.cachewarden(&["doctor"]);
        let told = run_to_its_end(command.env(variable, value)).exited(1);
        assert!(told.stdout.contains("relative path"), "{told:?}");
    }
}

#[test]
fn go_finds_the_policy_wherever_it_starts_the_helper() {
    let sandbox = Sandbox::new();
    let sources = [
        ("go.mod", "module a\n\ngo 1.21\n"),
        ("a.go", "package a\n\nfunc A() int { return 1 }\n"),
        (
            "a_test.go",
            "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { A() }\n",
        ),
    ];
    let settings = text(sandbox.file("s.json", "{}"));
    let options = format!("--policy '{}' --settings '@{settings}'", policy("closes"));
    let project = GoProject::new(&sandbox, GO, &sources).with_helper(&options);
    project.go(&["test", "-cover", "./..."]).succeeded();
    project.write("p.wat", &fs::read_to_string(policy("closes")).expect("it"));
    let relative = GoProject::new(&sandbox, GO, &sources).with_helper("--policy p.wat");
    let refused = relative.go(&["test", "-cover", "./..."]);
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("relative path"), "{refused:?}");
}

#[test]
fn the_doctor_means_what_the_helper_means() {
    let sandbox = Sandbox::new();
    let project = GoProject::new(&sandbox, GO, &[("a.go", "package a\n")]);
    project.write("s.json", "{\"a\":1}");
    let policy = policy("closes");
    let absolute = text(project.folder().join("s.json"));
    let doctor = |variable: &str, options: &[&str]| {
        let mut command = project.command(Path::new(PROGRAM));
        command
            .args(options)
            .arg("doctor")
            .env("GOCACHEPROG", variable)
            .env("CACHEWARDEN_DIR", sandbox.store());
        run_to_its_end(&mut command)
    };
    let helper = format!("'{PROGRAM}' --policy '{policy}'");
    // As a helper it would be refused; the doctor says so, and what to type.
    let wrong = doctor(&format!("{helper} --settings @s.json"), &[]).exited(1);
    assert!(
        wrong.stdout.contains("relative path") && wrong.stdout.contains(&absolute),
        "{wrong:?}"
    );
    doctor(
        &format!("{helper} --settings '@{absolute}' --label A=1,2"),
        &[],
    )
    .exited(0);
    // A person's own words are those of the folder.
    let options = ["--policy", &policy, "--settings", "@s.json"];
    let well = doctor(&format!("'{PROGRAM}'"), &options).exited(0);
    assert!(well.stdout.contains("gets"), "{well:?}");
    let tilde = doctor(&format!("'{PROGRAM}' --no-env --dir ~/store"), &[]).exited(1);
    assert!(
        tilde.stdout.contains("`~`") && tilde.stdout.contains("shell"),
        "{tilde:?}"
    );
}
