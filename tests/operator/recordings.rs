//! Recordings: for their user alone, without what is to be written nowhere, one object a line,
//! never in the store.

use std::fs;
use std::thread;

use super::{is_refused, values};
use crate::support::*;

#[test]
fn a_recording_is_its_users_alone() {
    let sandbox = Sandbox::with_kept_policies();
    let file = sandbox.path("r.jsonl");
    // A umask that takes nothing away.
    let mut command = sandbox.command("sh".as_ref());
    command
        .args(["-c", "umask 0; exec \"$0\" \"$@\"", PROGRAM, "--record"])
        .arg(&file)
        .env("CACHEWARDEN_DIR", sandbox.store());
    Helper::start(command).close();
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_redacted_label_is_written_nowhere() {
    let sandbox = Sandbox::with_kept_policies();
    let file = sandbox.path("r.jsonl");
    let path = text(file.clone());
    let policy = policy("closes");
    let options = ["--policy", &policy, "--record", &path, "--label", "A=shown"];
    let mut command = sandbox.cachewarden(&options);
    command
        .args(["--label", "B=secret-1", "--label-env", "C"])
        .args(["--redact-label", "B"])
        // What is redacted adds up.
        .env("CACHEWARDEN_REDACT_LABEL", "C")
        .env("C", "secret-2");
    Helper::start(command).close();
    let written = fs::read_to_string(&file).expect("the recording");
    assert!(!written.contains("secret"), "{written}");
    let session = &recording(&file)[0];
    assert_eq!(values(session, "A"), ["shown"]);
    assert_eq!(values(session, "B"), ["redacted"]);
    assert_eq!(values(session, "C"), ["redacted"]);
    sandbox.run(&["policy", "test", &policy, &path]).succeeded();
    let options = [
        "--policy",
        &policy,
        "--label",
        "TOKEN=x",
        "--redact-label",
        "TOKNE",
    ];
    is_refused(sandbox.cachewarden(&options), &["--redact-label", "TOKNE"]);
}

#[test]
fn sessions_that_record_into_one_file_leave_one_object_a_line() {
    const SESSIONS: u32 = 4;
    const PUTS: u32 = 1500;
    let sandbox = Sandbox::with_kept_policies();
    let file = sandbox.path("r.jsonl");
    let path = text(file.clone());
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            let (sandbox, path) = (&sandbox, &path);
            scope.spawn(move || {
                let mut helper = sandbox.helper(&["--record", path]);
                let actions: Vec<_> = (0..PUTS)
                    .map(|number| action(&format!("{session} {number}")))
                    .collect();
                for action in &actions {
                    helper.send_put(action, b"x");
                }
                helper.close();
            });
        }
    });
    let written = fs::read_to_string(&file).expect("the recording");
    for line in written.lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(object.is_object(), "{line}");
    }
    // Its beginning, its grant, its puts, its end.
    let expected = SESSIONS * (PUTS + 3);
    assert_eq!(written.lines().count(), usize::try_from(expected).unwrap());
}

#[test]
fn a_recording_never_lies_in_the_store() {
    let sandbox = Sandbox::with_kept_policies();
    let store = sandbox.store();
    let inside = text(store.join("r.jsonl"));
    // Where there is no store yet, the file would be what keeps it from becoming one.
    for path in [&inside, &text(store.clone())] {
        is_refused(
            sandbox.cachewarden(&["--record", path]),
            &["--record", "the store"],
        );
    }
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.settle();
    let link = sandbox.path("link");
    std::os::unix::fs::symlink(store.join("sessions.jsonl"), &link).expect("a link");
    let folder = sandbox.path("folder");
    std::os::unix::fs::symlink(&store, &folder).expect("a link");
    let before = listing(&store);
    for path in [
        inside,
        text(store.join("VERSION")),
        text(store.join("objects/../sessions.jsonl")),
        text(link),
        text(folder.join("r.jsonl")),
    ] {
        is_refused(
            sandbox.cachewarden(&["--record", &path]),
            &["--record", "the store"],
        );
    }
    assert_eq!(listing(&store), before);
    assert_eq!(asked(&sandbox, "x").hit().bytes(), b"x");
}

#[test]
fn a_recording_has_one_name() {
    let sandbox = Sandbox::with_kept_policies();
    sandbox.fill(&[], &[action("x")], b"x");
    sandbox.settle();
    let store = sandbox.store();
    let object = object_path(&store, &sha256(b"x"));
    for (number, file) in [store.join("sessions.jsonl"), store.join("trim"), object]
        .iter()
        .enumerate()
    {
        let link = sandbox.path(&format!("link-{number}"));
        fs::hard_link(file, &link).expect("a link");
        let before = fs::read(file).expect("the file");
        is_refused(
            sandbox.cachewarden(&["--record", &text(link.clone())]),
            &["--record", "2 names (hard links)", &text(link.clone())],
        );
        assert_eq!(fs::read(file).expect("the file"), before);
        fs::remove_file(link).expect("the link");
    }
    assert_eq!(asked(&sandbox, "x").hit().bytes(), b"x");
}
