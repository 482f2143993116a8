//! `policy test`: recordings and cases that a person wrote.

use crate::support::*;

use super::{LOCAL, SESSION};

fn put(verdict: &str) -> String {
    let digest = "00".repeat(32);
    format!(
        r#"{{"line":"put","action":"{digest}","output":"{digest}","size":1,"kind":"probe","facts":[],"verdict":"{verdict}"}}"#
    )
}

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
            .ends_with("2 sessions, 5 questions, 1 difference\n"),
        "{}",
        other.stdout
    );
}

/// Origin: a reader of commit 6fbcf15, who took `0 differences` for a test of the policy.
#[test]
fn a_recording_of_a_build_without_a_policy_is_told_to_have_no_questions() {
    let sandbox = Sandbox::new();
    let recording = text(sandbox.path("recording.jsonl"));
    for _ in 0..2 {
        let mut helper = sandbox.helper(&["--record", &recording]);
        helper.put(&action("list"), b"./a.go\n").kept();
        helper.close();
    }
    let policy = text(guest("slim"));
    let told = sandbox.run(&["policy", "test", &policy, &recording]);
    let told = told.succeeded().stdout;
    assert_eq!(
        told,
        format!(
            "{recording}: 2 sessions had no policy, so only `open` was asked: record with a policy such as allow-all.wasm to have the other questions\n2 sessions, 2 questions, 0 differences\n"
        )
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
    assert_eq!(outcome.stdout, "1 session, 3 questions, 0 differences\n");

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
    assert_eq!(outcome.stdout, "1 session, 5 questions, 0 differences\n");
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
