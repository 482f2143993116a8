//! The policies of examples/, compiled, with the real host: what a user of one of them sees.

use crate::support::*;

/// The settings of a store that is for one repository.
const ONE_REPOSITORY: &[&str] = &["--settings", r#"{"repository": null}"#];

/// A session with a policy of examples/.
#[track_caller]
fn with(sandbox: &Sandbox, name: &str, options: &[&str]) -> Helper {
    sandbox.helper(&[&["--policy", text(guest(name)).as_str()], options].concat())
}

#[test]
fn trusted_branches_keeps_pull_requests_out_of_main() {
    let sandbox = Sandbox::with_kept_policies();
    let built = action("built");
    let trusted = [
        ONE_REPOSITORY,
        &[
            "--label",
            "GITHUB_EVENT_NAME=push",
            "--label",
            "GITHUB_REF=refs/heads/main",
        ],
    ]
    .concat();
    let mut helper = with(&sandbox, "trusted-branches", &trusted);
    // Lists of files: a kind that counts from `main`.
    helper.put(&built, b"trusted.go\n").kept();
    assert_eq!(helper.close(), "");

    let pull_request = [
        ONE_REPOSITORY,
        &[
            "--label",
            "GITHUB_EVENT_NAME=pull_request",
            "--label",
            "GITHUB_REF=refs/pull/17/merge",
        ],
    ]
    .concat();
    let mut helper = with(&sandbox, "trusted-branches", &pull_request);
    assert_eq!(helper.get(&built).hit().bytes(), b"trusted.go\n");
    helper.put(&built, b"changed.go\n").kept();
    helper.put(&action("new"), b"new").kept();
    assert_eq!(helper.close(), "");
    let mut helper = with(&sandbox, "trusted-branches", &pull_request);
    assert_eq!(
        helper.get(&built).hit().bytes(),
        b"changed.go\n",
        "its own scope comes first"
    );
    helper.close();

    let of = |git_ref| [ONE_REPOSITORY, &["--label", git_ref]].concat();
    let others = [
        of("GITHUB_REF=refs/pull/18/merge"),
        of("GITHUB_REF=main"),
        ONE_REPOSITORY.to_vec(),
    ];
    for options in [trusted].iter().chain(&others) {
        let mut helper = with(&sandbox, "trusted-branches", options);
        assert_eq!(
            helper.get(&built).hit().bytes(),
            b"trusted.go\n",
            "{options:?}"
        );
        helper.get(&action("new")).miss();
        helper.close();
    }
}

#[test]
fn trusted_branches_without_a_ref_only_reads() {
    let sandbox = Sandbox::with_kept_policies();
    let mut helper = with(&sandbox, "trusted-branches", ONE_REPOSITORY);
    helper.put(&action("made"), b"made").kept();
    assert_eq!(helper.get(&action("made")).hit().bytes(), b"made");
    helper.close();
    assert_eq!(
        files_below(&sandbox.store().join("scopes")),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn trusted_branches_takes_its_own_settings() {
    let sandbox = Sandbox::with_kept_policies();
    let settings =
        r#"{"ref": "BRANCH", "repository": null, "event": null, "trusted": ["release/*"]}"#;
    let mut helper = with(
        &sandbox,
        "trusted-branches",
        &["--settings", settings, "--label", "BRANCH=release/1/x"],
    );
    helper.put(&action("made"), b"made").kept();
    helper.close();
    assert_eq!(
        entry(&sandbox.store(), "main", &action("made")).field("size"),
        "4"
    );
}

#[test]
fn settings_that_are_wrong_are_told_by_their_field() {
    let sandbox = Sandbox::with_kept_policies();
    let wrong = [
        ("trusted-branches", r#"{"trusted": [1]}"#, "trusted"),
        ("trusted-branches", r#"{"trustd": []}"#, "trustd"),
        ("release", r#"{"audit_one_in": "ten"}"#, "audit_one_in"),
        ("release", r#"{"witnesses": 5}"#, "witnesses"),
        ("read-only", r#"{"scopes": "main"}"#, "scopes"),
    ];
    for (name, settings, field) in wrong {
        let ending = with(&sandbox, name, &["--settings", settings]).ending();
        assert_eq!(ending.status.code(), Some(2), "{ending:?}");
        assert!(ending.stderr.contains(field), "{ending:?}");
    }
}

#[test]
fn slim_keeps_what_is_of_use_here_alone_on_this_machine() {
    let sandbox = Sandbox::with_kept_policies();
    let bodies: [(&[u8], &str); 5] = [
        (b"go index v2\n\0\0", "local"),
        (b"# test log\n", "local"),
        (b"what it is nobody knows", "local"),
        (b"", "shared"),
        (b"list.go\n", "shared"),
    ];
    let mut helper = with(&sandbox, "slim", &["-v"]);
    for (body, _) in bodies {
        helper.put(&sha256(body), body).kept();
    }
    assert_eq!(Totals::of(&helper.close()).refused_puts, 0);
    for (body, reach) in bodies {
        assert_eq!(
            entry(&sandbox.store(), "default", &sha256(body)).field("reach"),
            reach
        );
    }
}

#[test]
fn read_only_reads_and_leaves_nothing() {
    let sandbox = Sandbox::with_kept_policies();
    let mut helper = sandbox.helper(&["--scope", "main"]);
    helper.put(&action("known"), b"known").kept();
    helper.close();
    let before = listing(&sandbox.store().join("scopes"));
    let mut helper = with(
        &sandbox,
        "read-only",
        &["--settings", r#"{"scopes": ["release", "main"]}"#],
    );
    assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    helper.put(&action("made"), b"made").kept();
    helper.close();
    assert_eq!(listing(&sandbox.store().join("scopes")), before);
}

#[test]
fn allow_all_is_what_no_policy_means() {
    let sandbox = Sandbox::with_kept_policies();
    let mut helper = with(&sandbox, "allow-all", &["--scope", "mine"]);
    helper.put(&action("made"), b"made").kept();
    helper.close();
    let mut helper = sandbox.helper(&["--scope", "mine"]);
    assert_eq!(helper.get(&action("made")).hit().bytes(), b"made");
    helper.put(&action("made too"), b"made too").kept();
    helper.close();
    let mut helper = with(&sandbox, "allow-all", &["--scope", "mine"]);
    assert_eq!(helper.get(&action("made too")).hit().bytes(), b"made too");
    helper.close();
}

#[test]
fn release_ships_bound_archives_only_and_audits_them() {
    let sandbox = Sandbox::with_kept_policies();
    let all = ["--settings", r#"{"audit_one_in": 1, "repository": null}"#];
    let options = format!(
        "--policy '{}' --settings '{}' -v",
        text(guest("release")),
        all[1]
    );
    let project = GoProject::new(&sandbox, GO, RUNES).with_helper(&options);
    for _ in 0..2 {
        // The second build makes every archive again, and each comes out the same.
        let build = project.go(&["build", "./lib"]).succeeded();
        assert!(!build.stderr.contains("diverge"), "{build:?}");
        assert!(Totals::of(&build.stderr).puts > 0, "{build:?}");
    }
    let archives = entries(&sandbox.store(), "release");
    let archives: Vec<_> = archives
        .iter()
        .filter(|entry| entry.kind() == "package-archive")
        .collect();
    assert!(!archives.is_empty());

    let own = archives[0];
    let content = std::fs::read(own.object(&sandbox.store())).expect("the archive");
    let mut helper = with(&sandbox, "release", &all);
    helper.get(&own.action()).miss();
    helper.put(&own.action(), b"something else").kept();
    helper.put(&action("moved"), &content).kept();
    let stderr = helper.close();
    assert!(
        stderr.contains(&hex(&own.action())) && stderr.contains(&hex(&sha256(b"something else"))),
        "{stderr}"
    );
    let kept = entry(&sandbox.store(), "release", &own.action());
    assert_eq!(
        kept.field("output"),
        hex(&sha256(&content)),
        "a person says which of the two is right"
    );
    assert!(
        find_entry(&sandbox.store(), "release", &action("moved")).is_none(),
        "it is not bound to that action"
    );
}

/// Only a daemon knows who has put what.
#[test]
fn release_with_witnesses_uses_nothing_without_a_daemon() {
    let sandbox = Sandbox::with_kept_policies();
    let mut helper = with(&sandbox, "release", ONE_REPOSITORY);
    helper.put(&action("listed"), b"list.go\n").kept();
    helper.put(&action("tested"), b"# test log\n").kept();
    helper.close();
    let get = |witnesses: u32, asked: &str| {
        let settings = format!(r#"{{"repository": null, "witnesses": {witnesses}}}"#);
        let mut helper = with(&sandbox, "release", &["--settings", &settings]);
        let answer = helper.get(&action(asked));
        helper.close();
        answer
    };
    get(1, "listed").hit();
    get(2, "listed").miss();
    // No build makes a test's record again, so nobody is asked for it.
    get(2, "tested").hit();
}

/// The sections of a component and of all modules in it, but for names and other notes.
fn sections(bytes: &[u8]) -> Vec<(u8, &[u8])> {
    use wasmparser::{Parser, Payload};
    let payloads = Parser::new(0).parse_all(bytes);
    let payloads = payloads.map(|payload| payload.expect("valid WebAssembly"));
    payloads
        .filter(|payload| match payload {
            Payload::CustomSection(_) => false,
            // What is in them comes next.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => false,
            _ => true,
        })
        .filter_map(|payload| payload.as_section())
        .map(|(id, range)| (id, &bytes[range]))
        .collect()
}

#[test]
fn the_adapter_of_the_javascript_sdk_is_made_from_its_text() {
    let engine = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../guest-sdk/javascript/engine"
    );
    let text = wat::parse_file(format!("{engine}/adapter.wat")).expect("its text");
    let binary = std::fs::read(format!("{engine}/adapter.wasm")).expect("its binary form");
    assert!(
        sections(&text) == sections(&binary),
        "make it anew: guest-sdk/javascript/README.md says how"
    );
}
