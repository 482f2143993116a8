//! `cachewarden policy ...`: what a policy's author types.

use std::path::Path;

use crate::support::*;

/// Keeps everything on this machine, and says so.
const LOCAL: &str = r#"(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "kept here")
  (func (export "put")
    (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)
    (call $log (i32.const 1) (i32.const 0) (i32.const 9))
    i32.const 1))"#;

fn put(verdict: &str) -> String {
    let digest = "00".repeat(32);
    format!(
        r#"{{"line":"put","action":"{digest}","output":"{digest}","size":1,"kind":"probe","facts":[],"verdict":"{verdict}"}}"#
    )
}

const SESSION: &str = r#"{"line":"session","scope":"default"}"#;
const OPEN: &str = r#"{"line":"open","grant":{"write":"default","read":["default"]}}"#;

#[test]
fn a_recording_of_a_build_is_a_test_of_its_policy() {
    let sandbox = Sandbox::new();
    let recording = text(sandbox.path("recording.jsonl"));
    let policy = text(guest("slim"));
    let mut helper = sandbox.helper(&["--policy", &policy, "--record", &recording]);
    helper.put(&action("list"), b"./a.go\n").kept();
    helper.put(&action("index"), b"go index v2\n").kept();
    helper.close();
    let mut helper = sandbox.helper(&["--policy", &policy, "--record", &recording]);
    helper.get(&action("list")).hit();
    helper.close();

    let same = sandbox
        .run(&["policy", "test", &policy, &recording])
        .succeeded();
    assert_eq!(same.stdout, "2 sessions, 5 questions, 0 differences\n");

    // Another policy: everything is shared, where slim kept the index here.
    let shares = r#"(module (func (export "put")
        (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) i32.const 2))"#;
    let shares = text(sandbox.file("shares.wat", shares));
    let other = sandbox
        .run(&["policy", "test", &shares, &recording])
        .exited(1);
    assert!(
        other
            .stdout
            .contains(r#"recording.jsonl:4: put: expected "local", got "shared""#),
        "{}",
        other.stdout
    );
    assert!(
        other
            .stdout
            .ends_with("2 sessions, 5 questions, 1 differences\n"),
        "{}",
        other.stdout
    );
}

#[test]
fn a_case_names_what_differs_by_file_and_line() {
    let sandbox = Sandbox::new();
    let policy = text(sandbox.file("local.wat", LOCAL));
    let log = r#"{"line":"log","level":"info","message":"kept*"}"#;
    let lines = |lines: &[&str]| lines.join("\n");
    let good = sandbox.file(
        "good.jsonl",
        lines(&[SESSION, OPEN, &put("local"), log, &put("local")]),
    );
    let outcome = sandbox
        .run(&["policy", "test", &policy, &text(good)])
        .succeeded();
    assert_eq!(outcome.stdout, "1 sessions, 3 questions, 0 differences\n");

    let not_said = r#"{"line":"log","level":"warn","message":"kept*"}"#;
    let wrong_grant = r#"{"line":"open","grant":{"write":"main","read":["main"]}}"#;
    let bad = text(sandbox.file(
        "bad.jsonl",
        lines(&[SESSION, wrong_grant, &put("shared"), not_said]),
    ));
    let outcome = sandbox.run(&["policy", "test", &policy, &bad]).exited(1);
    for (line, part) in [
        (2, r#"open: expected {"grant":{"write":"main""#),
        (3, r#"put: expected "shared", got "local""#),
        (4, "it did not happen"),
    ] {
        let expected = format!("{bad}:{line}: {part}");
        assert!(
            outcome.stdout.contains(&expected),
            "{expected}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn a_case_may_leave_digests_out() {
    let sandbox = Sandbox::new();
    // Answers a question by whether its two digests are zeros.
    let zeros = r#"(module
      (func $zeros (param i64 i64 i64 i64 i64 i64 i64 i64) (result i32)
        (i64.eqz (i64.or
          (i64.or (i64.or (local.get 0) (local.get 1)) (i64.or (local.get 2) (local.get 3)))
          (i64.or (i64.or (local.get 4) (local.get 5)) (i64.or (local.get 6) (local.get 7))))))
      (func (export "get")
        (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32) (result i32)
        (call $zeros
          (local.get 0) (local.get 1) (local.get 2) (local.get 3)
          (local.get 4) (local.get 5) (local.get 6) (local.get 7)))
      (func (export "put")
        (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)
        (call $zeros
          (local.get 0) (local.get 1) (local.get 2) (local.get 3)
          (local.get 4) (local.get 5) (local.get 6) (local.get 7))))"#;
    let policy = text(sandbox.file("zeros.wat", zeros));
    let one = "0".repeat(63) + "1";
    let question = |fields: &str| format!(r#"{{{fields}"size":1,"kind":"probe","#);
    let cases = [
        SESSION.to_owned(),
        question(r#""line":"put","#) + r#""verdict":"local"}"#,
        question(r#""line":"get","age":0,"scope":0,"#) + r#""verdict":"hit-verified"}"#,
        question(&format!(r#""line":"put","action":"{one}","#)) + r#""verdict":"ephemeral"}"#,
        question(&format!(r#""line":"put","output":"{one}","#)) + r#""verdict":"ephemeral"}"#,
    ];
    let cases = text(sandbox.file("cases.jsonl", cases.join("\n")));
    let outcome = sandbox
        .run(&["policy", "test", &policy, &cases])
        .succeeded();
    assert_eq!(outcome.stdout, "1 sessions, 5 questions, 0 differences\n");
}

#[test]
fn a_case_with_a_mistyped_field_is_refused() {
    let sandbox = Sandbox::new();
    let policy = text(sandbox.file("local.wat", LOCAL));
    for (line, word) in [
        (
            r#"{"line":"optn","grant":{"write":"x"}}"#,
            "`optn` is no kind of line",
        ),
        (
            r#"{"line":"put","size":1,"kind":"probe","verdict":"local","rpeat":2}"#,
            "`rpeat`",
        ),
        (
            r#"{"line":"put","size":1,"kind":"probe","verdict":"local","repeat":0}"#,
            "`repeat`",
        ),
        (
            r#"{"line":"answer","command":"gte","action":"0000000000000000000000000000000000000000000000000000000000000000","answer":"hit","reason":"absent"}"#,
            "`gte` is none; expected get or put",
        ),
        (
            r#"{"line":"answer","command":"get","action":"0000000000000000000000000000000000000000000000000000000000000000","answer":"shared","reason":"absent"}"#,
            "expected one of hit, miss",
        ),
    ] {
        let cases = text(sandbox.file("cases.jsonl", [SESSION, OPEN, line].join("\n")));
        let outcome = sandbox.run(&["policy", "test", &policy, &cases]).exited(2);
        let place = format!("{cases}:3: ");
        assert!(outcome.stderr.contains(&place), "{outcome:?}");
        assert!(outcome.stderr.contains(word), "{word}: {outcome:?}");
        assert!(outcome.stderr.contains("error[CW0502]"), "{outcome:?}");
    }
}

/// Origin: a reader of commit 9d336eb: the case passed, and no build asks that.
#[test]
fn a_case_about_a_scope_that_is_not_granted_is_a_difference() {
    let sandbox = Sandbox::new();
    let session = r#"{"line":"session"}"#;
    let open = r#"{"line":"open","grant":{"write":"pr-1","read":["pr-1","main"],"lifetime":3600}}"#;
    let get = |scope: u32| {
        format!(r#"{{"line":"get","size":1,"kind":"probe","scope":{scope},"verdict":"hit"}}"#)
    };
    let lines = [session, open, &get(0), &get(1), &get(2)].join("\n");
    let cases = text(sandbox.file("cases.jsonl", lines));
    let told = sandbox
        .run(&["policy", "test", &policy("two-scopes"), &cases])
        .exited(1);
    let wrong: Vec<_> = told.stdout.lines().collect();
    assert_eq!(wrong.len(), 2, "{told:?}");
    assert!(
        wrong[0].starts_with(&format!("{cases}:5: get: the scope 2 is none of the 2")),
        "{told:?}"
    );
}

/// Origin: a reader of commit 9d336eb, who looked for a fault of his policy.
#[test]
fn differences_of_a_recording_without_a_labels_value_are_told_to_be_perhaps_of_that() {
    let sandbox = Sandbox::new();
    let recording = text(sandbox.path("recording.jsonl"));
    let policy = text(guest("trusted-branches"));
    let label = |name: &str, value: &str| ["--label".to_owned(), format!("{name}={value}")];
    let labels = [
        label("GITHUB_REPOSITORY", "a/b"),
        label("GITHUB_EVENT_NAME", "push"),
        label("GITHUB_REF", "refs/heads/main"),
    ];
    let labels: Vec<_> = labels.iter().flatten().map(String::as_str).collect();
    let options = [
        &["--policy", &policy, "--record", &recording][..],
        &["--redact-label", "GITHUB_REF"],
        &labels,
    ];
    sandbox.helper(&options.concat()).close();
    let told = sandbox
        .run(&["policy", "test", &policy, &recording])
        .exited(1)
        .stdout;
    assert!(told.contains("open: expected"), "{told}");
    assert!(
        told.contains("(--redact-label)") && told.contains(": GITHUB_REF\n"),
        "{told}"
    );
}

#[test]
fn cases_can_be_asked_with_other_settings() {
    let sandbox = Sandbox::new();
    // Refuses settings of two bytes, and fails with others.
    let refuses = std::fs::read_to_string(policy("refuses-settings")).expect("a policy");
    let policy = refuses.replace(
        "(param i32 i32) (result i32)",
        "(param i32) (param $length i32) (result i32)",
    );
    let policy = policy.replace(
        "(i32.const 128)))",
        "(if (i32.ne (local.get $length) (i32.const 2)) (then unreachable)) (i32.const 128)))",
    );
    let policy = text(sandbox.file("refuses.wat", policy));
    let refused = r#"{"line":"open","refusal":{"settings":"settings.branch*"}}"#;
    let told = |options: &[&str]| {
        let cases = text(sandbox.file("cases.jsonl", [SESSION, refused].join("\n")));
        let words = [&["policy", "test", &policy, &cases], options].concat();
        sandbox.run(&words)
    };
    told(&[]).succeeded();
    let other = told(&["--settings", r#"{"a": 1}"#]).exited(1);
    assert!(
        other.stdout.contains("the policy failed in `open`"),
        "{other:?}"
    );
    let file = text(sandbox.file("s.json", r#"{"a": 1, "a": 2}"#));
    let wrong = told(&["--settings", &format!("@{file}")]).exited(2);
    assert!(wrong.stderr.contains("error[CW0211]"), "{wrong:?}");
    // Who has variables for builds tests the cases as they are.
    let mut command = sandbox.cachewarden(&[
        "policy",
        "test",
        &policy,
        &text(sandbox.path("cases.jsonl")),
    ]);
    command.env("CACHEWARDEN_SETTINGS", "{\"a\": 1}");
    run_to_its_end(&mut command).succeeded();
}

#[test]
fn a_policy_that_fails_or_grows_is_a_difference() {
    let sandbox = Sandbox::new();
    let traps = LOCAL.replace("i32.const 1))", "unreachable))");
    let policy = text(sandbox.file("traps.wat", traps));
    let cases = sandbox.file("cases.jsonl", [SESSION, OPEN, &put("ephemeral")].join("\n"));
    let outcome = sandbox
        .run(&["policy", "test", &policy, &text(cases)])
        .exited(1);
    assert!(
        outcome.stdout.contains("the policy failed in `put`"),
        "{}",
        outcome.stdout
    );

    let grows = LOCAL.replace(
        "i32.const 1))",
        "(drop (memory.grow (i32.const 1))) i32.const 1))",
    );
    let policy = text(sandbox.file("grows.wat", grows));
    let often = put("local").replace('}', r#","repeat":100}"#);
    let cases = sandbox.file("often.jsonl", [SESSION, OPEN, &often].join("\n"));
    let outcome = sandbox
        .run(&["policy", "test", &policy, &text(cases)])
        .exited(1);
    assert!(
        outcome.stdout.contains("memory grows"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn cases_that_cannot_be_run_are_told_by_file_and_line() {
    let sandbox = Sandbox::new();
    let policy = text(sandbox.file("local.wat", LOCAL));
    for (name, content, part) in [
        ("not-json.jsonl", "{".to_owned(), "not-json.jsonl:1:"),
        (
            "no-verdict.jsonl",
            format!("{SESSION}\n{}", put("local").replace("verdict", "verdct")),
            "missing field `verdict`",
        ),
        ("no-session.jsonl", put("local"), "has no session"),
        (
            "bad-digest.jsonl",
            format!(
                "{SESSION}\n{}",
                put("local").replace("\"output\":\"0000", "\"output\":\"zz")
            ),
            "bad-digest.jsonl:2: not a line of a recording: `output`: expected a SHA-256 as 64 hex digits",
        ),
    ] {
        let cases = text(sandbox.file(name, content));
        let outcome = sandbox.run(&["policy", "test", &policy, &cases]).exited(2);
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    let missing = text(sandbox.path("missing.jsonl"));
    let outcome = sandbox
        .run(&["policy", "test", &policy, &missing])
        .exited(2);
    assert!(
        outcome.stderr.contains("missing.jsonl"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_policy_is_compiled_ahead_once() {
    let sandbox = Sandbox::new();
    let policy = text(sandbox.file("local.wat", LOCAL));
    sandbox.run(&["policy", "compile", &policy]).succeeded();
    let compiled = sandbox.files_ending("home/.cache/cachewarden-compiled", ".cwasm");
    assert_eq!(compiled.len(), 1);
    let before = identity(&compiled[0]);
    let mut helper = sandbox.helper(&["--policy", &policy]);
    helper.put(&action("x"), b"x").kept();
    helper.close();
    assert_eq!(
        identity(&compiled[0]),
        before,
        "the build found it compiled"
    );
}

#[test]
fn the_contract_is_printed_as_it_is_kept() {
    let sandbox = Sandbox::new();
    let contract = include_str!("../guest-sdk/wit/policy.wit");
    assert_eq!(sandbox.run(&["policy", "wit"]).succeeded().stdout, contract);
    let header = include_str!("../guest-sdk/wit/policy.h");
    assert_eq!(
        sandbox.run(&["policy", "header"]).succeeded().stdout,
        header
    );
}

#[test]
fn the_header_is_enough_to_write_a_policy() {
    let sandbox = Sandbox::new();
    let header = sandbox.run(&["policy", "header"]).succeeded().stdout;
    sandbox.file("policy.h", header);
    sandbox.file("policy.c", include_str!("policies/by_header.c"));
    sandbox.file(
        "Makefile",
        "COMPILE = clang --target=wasm32\n\
         policy.wasm: policy.c policy.h\n\
         \t$(COMPILE) -std=c11 -O2 -Wall -Werror -ffreestanding -nostdlib -Wl,--no-entry -o $@ policy.c\n",
    );
    // The compiler that policies in C are built with, by the name that a Makefile has for it.
    let mut make = sandbox.command(Path::new("make"));
    let tools = tools("c").expect("a C compiler").into_os_string();
    let mut path = tools;
    path.push(":");
    path.push(std::env::var_os("PATH").expect("PATH"));
    let home = std::env::var_os("HOME").unwrap_or_default();
    run_to_its_end(make.env("PATH", path).env("HOME", home)).succeeded();

    let cases = text(sandbox.file("cases.jsonl", include_str!("policies/by_header.jsonl")));
    let policy = text(sandbox.path("policy.wasm"));
    let outcome = sandbox.run(&["policy", "test", &policy, &cases]);
    assert_eq!(
        outcome.succeeded().stdout,
        "3 sessions, 6 questions, 0 differences\n"
    );
}

/// What an author reads first in the README of an SDK is what works today: its package is in no
/// registry yet.
#[track_caller]
fn begins_with_a_new_project(project: &Path, name: &str, language: &str, command: &str) {
    let readme = std::fs::read_to_string(project.join("sdk/README.md")).expect("a README");
    let (_, blocks) = readme.split_once("```").expect("a block of code");
    let (first, _) = blocks.split_once("```").expect("its end");
    assert!(
        first.starts_with("sh\ncachewarden policy new frugal --lang "),
        "{language}: {first}"
    );
    let built = command.replace(&name.replace('-', "_"), "frugal");
    assert!(
        first.contains(&built),
        "{language}: no `{built}` in {first}"
    );
    let new = format!("--lang {language}");
    assert!(readme.contains(&new), "{language}: no `{new}`");
}

#[test]
fn a_new_project_never_overwrites_and_says_how_to_build_it() {
    let sandbox = Sandbox::new();
    let new =
        |name: &str, language: &str| sandbox.run(&["policy", "new", name, "--lang", language]);
    let languages = sandbox.run(&["policy", "new", "--list"]).succeeded().stdout;
    for language in languages.lines() {
        let name = format!("in-{language}");
        let made = new(&name, language).succeeded();
        let command = made.stdout.lines().last().unwrap();
        let readme = std::fs::read_to_string(sandbox.path(&name).join("README.md")).unwrap();
        assert!(
            readme.contains(command),
            "{language}: `{command}` is not in the README"
        );
        begins_with_a_new_project(&sandbox.path(&name), &name, language, command);
        let files = listing(&sandbox.path(&name));
        assert!(
            files.keys().any(|file| file.ends_with("cases.jsonl")),
            "{language}"
        );
        for file in files
            .keys()
            .filter(|file| file.components().all(|part| part.as_os_str() != "sdk"))
        {
            let path = sandbox.path(&name).join(file);
            let content = std::fs::read_to_string(&path).unwrap();
            for left in ["{{name", "{{sdk"] {
                assert!(!content.contains(left), "{left} in {}", path.display());
            }
        }
        let again = new(&name, language).exited(2);
        assert!(again.stderr.contains(&name), "{}", again.stderr);
        assert_eq!(
            listing(&sandbox.path(&name)),
            files,
            "{language}: nothing changed"
        );
    }
    for name in ["../x", "A", "", "a b", "-x"] {
        new(name, "rust").exited(2);
    }
    let unknown = new("x", "cobol").exited(2);
    assert!(
        unknown.stderr.contains("rust"),
        "known languages are named: {}",
        unknown.stderr
    );
    assert!(!sandbox.path("x").exists());
}

#[test]
fn bench_says_what_a_policy_costs() {
    let sandbox = Sandbox::new();
    let policy = policy("two-scopes");
    let bench = ["policy", "bench", &policy, "--calls", "100"];
    let shown = sandbox.run(&bench).succeeded().stdout;
    for line in ["file", "compilation", "first decision", "each ", "memory"] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let figures = sandbox.run(&[&bench[..], &["--json"]].concat()).succeeded();
    let figures: serde_json::Value = serde_json::from_str(&figures.stdout).expect("JSON");
    assert_eq!(figures["calls"], 100);
    for name in ["compile", "first_cold", "first_warm"] {
        assert!(figures[name].as_u64().unwrap() > 0, "{name} in {figures}");
    }
}

#[test]
fn bench_asks_the_question_that_it_is_told_to() {
    let sandbox = Sandbox::new();
    let policy = text(guest("mirror"));
    let bench = ["policy", "bench", &policy, "--calls", "100", "--json"];
    for question in ["get", "put"] {
        let told = [&bench[..], &["--question", question]].concat();
        let figures = sandbox.run(&told).succeeded().stdout;
        let figures: serde_json::Value = serde_json::from_str(&figures).expect("JSON");
        assert_eq!(figures["question"], question);
    }
    let only_put = text(sandbox.file("local.wat", LOCAL));
    let bench = ["policy", "bench", &only_put, "--question", "get"];
    let outcome = sandbox.run(&bench).exited(2);
    assert!(
        outcome.stderr.contains("exports no get"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_policy_that_takes_long_to_compile_is_told_of() {
    let sandbox = Sandbox::new();
    // One function of so many instructions that no machine compiles it in the time that it is
    // given.
    let mix = "(local.set $a (i64.rotl (i64.add (local.get $a) (local.get $b)) (i64.const 7)))\n\
               (local.set $b (i64.rotl (i64.add (local.get $b) (local.get $a)) (i64.const 5)))\n";
    let long = format!(
        "(func (export \"long\") (param $a i64) (param $b i64) (result i64)\n{}(local.get $a))",
        mix.repeat(200_000)
    );
    let policy = LOCAL.trim_end().strip_suffix(')').expect("a module");
    let policy = text(sandbox.file("long.wat", format!("{policy}{long})")));
    let cases = text(sandbox.file("cases.jsonl", SESSION));
    for verb in [
        &["compile", &policy][..],
        &["test", &policy, &cases],
        &["bench", &policy],
    ] {
        // Each tries anew: that it took too long is not remembered for a longer time.
        let home = sandbox.folder(&format!("home-of-{}", verb[0]));
        let mut command = sandbox.cachewarden(&["--policy-compile-time", "3s", "policy"]);
        let outcome = run_to_its_end(command.args(verb).env("HOME", home)).exited(2);
        let told = format!(
            "cachewarden: warning[CW0206]: compiling the policy {policy}, once on this machine"
        );
        assert!(
            outcome.stderr.lines().any(|line| line == told),
            "{verb:?}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn bench_of_a_policy_that_fails_says_how() {
    let sandbox = Sandbox::new();
    for (name, why) in [
        ("open-traps", "unreachable"),
        ("refuses-settings", "refuses"),
    ] {
        let outcome = sandbox.run(&["policy", "bench", &policy(name), "--calls", "10"]);
        let outcome = outcome.exited(2);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains(why), "{name}: {outcome:?}");
    }
}
