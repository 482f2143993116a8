//! What a person reads, whole: the reports of the verbs, and the errors that people meet first. A change of a text shows
//! here as a difference.
//!
//! The expected text stands beside its test. Where it changes, `cargo insta test --accept` rewrites it, or write it by
//! hand from the difference that the failed test prints. With CI set nothing is rewritten.

use insta::assert_snapshot;

use crate::support::*;

/// What a verb printed, without what differs between two runs: this sandbox's folder, times and hashes.
fn neutral(sandbox: &Sandbox, text: &str) -> String {
    let folder = sandbox
        .path("")
        .to_string_lossy()
        .trim_end_matches('/')
        .to_owned();
    let text = text
        .replace(&folder, "/sandbox")
        .replace(PROGRAM, "cachewarden");
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match word.len() {
            64.. if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "HASH",
            2.. if word
                .strip_suffix('s')
                .is_some_and(|age| age.parse::<u32>().is_ok()) =>
            {
                "0s"
            }
            _ => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a verb printed to both streams.
#[track_caller]
fn report(sandbox: &Sandbox, arguments: &[&str], status: i32) -> String {
    let outcome = sandbox.run(arguments).exited(status);
    neutral(sandbox, &format!("{}{}", outcome.stdout, outcome.stderr))
}

fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&["--scope", "main"]);
    helper.put(&action("object"), b"known object").kept();
    helper.put(&action("list"), b"./a.go\n").kept();
    helper.get(&action("object")).hit();
    helper.get(&action("unknown")).miss();
    helper.close();
    sandbox
}

#[test]
fn statistics() {
    assert_snapshot!(report(&filled(), &["stats"], 0), @"");
}

#[test]
fn a_store_that_is_whole_and_one_that_is_not() {
    let sandbox = filled();
    assert_snapshot!(report(&sandbox, &["verify"], 0), @"");
    damage(&object_path(&sandbox.store(), &sha256(b"known object")));
    assert_snapshot!(report(&sandbox, &["verify"], 1), @"");
    assert_snapshot!(report(&sandbox, &["verify", "--repair"], 1), @"");
}

#[test]
fn what_a_trim_would_remove() {
    assert_snapshot!(report(&filled(), &["prune", "--dry-run", "--all", "--now"], 0), @"");
}

#[test]
fn a_case_that_a_policy_answers_otherwise() {
    let sandbox = Sandbox::new();
    let policy = policy("agrees");
    let cases = r#"{"line":"session","scope":"default"}
{"line":"open","grant":{"write":"default","read":["default"]}}
{"line":"get","size":1,"kind":"probe","facts":[],"verdict":"miss"}
{"line":"put","size":1,"kind":"probe","facts":[],"verdict":"ephemeral"}
"#;
    let cases = text(sandbox.file("cases.jsonl", cases));
    assert_snapshot!(report(&sandbox, &["policy", "test", &policy, &cases], 1), @"");
}

#[test]
fn the_short_help() {
    assert_snapshot!(report(&Sandbox::new(), &["-h"], 0), @"");
}

#[test]
fn the_explanation_of_a_code() {
    assert_snapshot!(report(&Sandbox::new(), &["explain", "CW0103"], 0), @"");
}

#[test]
fn the_first_mistakes() {
    let sandbox = Sandbox::new();
    assert_snapshot!(report(&sandbox, &["stats", "--dir", "/nowhere"], 1), @"");
    assert_snapshot!(report(&sandbox, &["--polcy", "p.wasm"], 2), @"");
    assert_snapshot!(report(&sandbox, &["policy", "test", "/nowhere/p.wasm", "cases.jsonl"], 2), @"");
    assert_snapshot!(report(&sandbox, &["explain", "CW9999"], 2), @"");
    let configuration = text(sandbox.file("c.toml", "allow-writes = \"main\"\n"));
    assert_snapshot!(report(&sandbox, &["--config", &configuration, "dir"], 2), @"");
}
