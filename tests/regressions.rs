//! Faults that were found once, each with its origin, so that they do not come back. A fault whose
//! theme has a file of its own may be tested there; what is here needs its story to be understood.

use std::os::unix::fs::chown;
use std::path::Path;

use crate::support::*;

/// Origin: an attack on commit 0afe6a1. `policy test` read whatever it was given to its end: 22 GB
/// of /dev/zero, or a pipe that nobody writes to.
#[test]
fn cases_that_never_end_are_refused() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = policy("agrees");
    let pipe = sandbox.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for file in [Path::new("/dev/zero"), &pipe] {
        let file = file.to_str().expect("UTF-8");
        let told = sandbox
            .run(&["policy", "test", &policy, file])
            .exited(2)
            .stderr;
        assert!(
            told.contains("error[CW0501]") && told.contains(file),
            "{told}"
        );
    }
}

/// Origin: a review of commit 0afe6a1. A put of a program was an Err where its bytes were there
/// already as another user's file, which only that user can make executable; and an Err can fail a
/// build.
#[test]
fn a_program_that_is_another_users_file_is_no_error() {
    let mut sandbox = Sandbox::with_kept_policies();
    let id = id_part(&action("program"));
    let bytes = [
        b"#!/bin/sh\n\xff Go build ID: \"",
        [id.as_str(); 4].join("/").as_bytes(),
    ]
    .concat();
    let admits = policy("admits-programs");
    sandbox.fill(&["--policy", &admits], &[action("program")], &bytes);
    let object = object_path(&sandbox.store(), &sha256(&bytes));
    set_mode(&object, 0o444);
    chown(&object, Some(4711), Some(4711)).expect("the tests run as root");
    sandbox.drop_privileges();
    let mut helper = sandbox.helper(&["--policy", &admits]);
    helper.put(&action("program"), &bytes).kept();
    helper.get(&action("program")).miss();
    helper.close();
}

/// Origin: a reader of commit 0afe6a1. The configuration that the documentation shows gave every
/// pull request no cache: it allowed scopes that its policy does not write.
#[test]
fn the_configuration_of_the_documentation_serves_a_pull_request() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = std::fs::read_to_string(page).expect("docs/configuration.md");
    let (_, block) = page.split_once("```toml\n").expect("an example");
    let (block, _) = block.split_once("```").expect("its end");
    let sandbox = Sandbox::with_kept_policies();
    let lines = block.lines().map(|line| match line.split_once(" = ") {
        Some(("policy", _)) => format!("policy = {:?}", text(guest("trusted-branches"))),
        Some(("settings", _)) => "settings = '{\"trusted\":[\"refs/heads/main\"]}'".to_owned(),
        Some(("dir", _)) => format!("dir = {:?}", text(sandbox.store())),
        _ => line.to_owned(),
    });
    let file = lines.collect::<Vec<_>>().join("\n");
    let file = text(sandbox.file("ci.toml", file));
    let mut command = sandbox.command(Path::new(PROGRAM));
    command
        .args(["--no-env", "--config", &file])
        .env("GITHUB_REPOSITORY", "example/site")
        .env("GITHUB_EVENT_NAME", "pull_request")
        .env("GITHUB_REF", "refs/pull/17/merge");
    let mut helper = Helper::start(command);
    helper.put(&action("object"), b"./a.go\n").kept();
    assert_eq!(helper.close(), "");
    let scopes = std::fs::read_dir(sandbox.store().join("scopes")).expect("a scope");
    let names: Vec<_> = scopes
        .map(|scope| scope.expect("a scope").file_name())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].to_string_lossy().starts_with("ref-"), "{names:?}");
}
