//! What waits in the outbox is sent by `flush`, or by a process that a session starts at its end.

use std::time::Duration;

use cachewarden_remote::Address;
use cachewarden_store::{Outbox, SessionId, SharedStore, Store};

use crate::support::*;

use super::Bucket;

/// What `stats` says, in lines of any length.
fn stats(sandbox: &Sandbox, url: &str) -> String {
    let told = sandbox.run(&["stats", "--remote", url]).succeeded().stdout;
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Notes for a tier that an entry waits for it.
fn note(sandbox: &Sandbox, url: &str, session: u64, name: &str) -> Outbox {
    let store = Store::open(&sandbox.store(), SharedStore::Deny).expect("the store");
    let tier = Address::parse(url).expect("an address").tier_id();
    let outbox = store.outbox(tier).expect("its outbox");
    let action = cachewarden_types::Digest::from_hex(&hex(&action(name))).expect("a digest");
    let mut session = outbox.of_session(SessionId(session));
    let scope = "default".parse().expect("a scope");
    session.note(&scope, &action).expect("a note");
    outbox
}

#[test]
fn flush_sends_what_waits_for_the_tiers_that_builds_use() {
    let (sandbox, bucket) = (Sandbox::new(), Bucket::new());
    let url = bucket.url();
    sandbox.fill(&[], &[action("a")], b"object");
    let idle = || sandbox.run(&["flush", "--remote", &url]).succeeded().stderr;
    let told = idle();
    assert!(
        told.contains("nothing waited, and nothing was sent"),
        "{told}"
    );
    note(&sandbox, &url, 1, "a");
    let told = stats(&sandbox, &url);
    let line = format!("{url}: 1 entry, the oldest for");
    assert!(told.contains(&line), "{told}");
    // The tiers of the helper that go starts.
    let mut command = sandbox.cachewarden(&["flush"]);
    command.env("GOCACHEPROG", format!("cachewarden --remote '{url}'"));
    let sent = run_to_its_end(&mut command).succeeded();
    assert!(sent.stderr.contains("1 entry sent"), "{sent:?}");
    assert!(sent.stderr.contains("nothing is left"), "{sent:?}");
    assert_eq!(bucket.files("v1/index/default/").len(), 1);
    let told = stats(&sandbox, &url);
    assert!(!told.contains("to be sent to remote tiers"), "{told}");
    assert!(told.contains(" 1 0.0 s"), "one was sent: {told}");
    // Also where no option names the tier any more.
    let told = sandbox.run(&["stats"]).succeeded().stdout;
    assert!(told.lines().any(|line| line == url), "{told}");

    // As where the upload of a session was faster.
    let told = idle();
    let expected = "nothing waited (sent before: 1 entry, ";
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("; nothing is left"), "{told}");

    note(&sandbox, &url, 2, "a");
    let sent = sandbox.run(&["flush", "--remote", &url]).succeeded();
    assert!(sent.stderr.contains("1 there already"), "{sent:?}");
    let none = sandbox.run(&["flush"]).exited(2);
    assert!(none.stderr.contains("no remote tier is named"), "{none:?}");
}

#[test]
fn what_a_tier_does_not_take_is_left_and_said() {
    let (sandbox, bucket) = (Sandbox::new(), Bucket::new());
    let url = bucket.url();
    sandbox.fill(&[], &[action("a")], b"object");
    note(&sandbox, &url, 1, "a");
    bucket.sandbox.file("bucket/v1", "in the way");
    let left = sandbox.run(&["flush", "--remote", &url]).exited(3);
    for part in ["CW0712", "1 entry left", &url] {
        assert!(left.stderr.contains(part), "{part}: {left:?}");
    }
    let told = stats(&sandbox, &url);
    assert!(told.contains("the last upload failed: "), "{told}");
    std::fs::remove_file(bucket.folder().join("v1")).expect("what is in the way");
    sandbox.run(&["flush", "--remote", &url]).succeeded();
}

#[test]
fn flush_ends_in_time_where_another_process_sends() {
    let (sandbox, bucket) = (Sandbox::new(), Bucket::new());
    let url = bucket.url();
    sandbox.fill(&[], &[action("a")], b"object");
    let outbox = note(&sandbox, &url, 1, "a");
    let taken = outbox.take(Duration::ZERO).expect("it is free");
    assert!(taken.is_some());
    let flush = ["flush", "--remote", &url, "--timeout", "100ms"];
    let left = sandbox.run(&flush).exited(3);
    assert!(left.stderr.contains("1 entry left"), "{left:?}");
    // Why the one before it failed may be why this one takes long.
    let reason = Some("it does not answer");
    outbox.note_end(reason).expect("a reason");
    let left = sandbox.run(&flush).exited(3);
    let expected = "the upload before it failed: it does not answer";
    assert!(left.stderr.contains(expected), "{left:?}");
    drop(taken);
    sandbox.run(&["flush", "--remote", &url]).succeeded();
}

/// Also what an earlier session has left, whose uploader was killed.
#[test]
fn a_session_starts_an_uploader_where_something_waits() {
    let (sandbox, bucket) = (Sandbox::new(), Bucket::new());
    let url = bucket.url();
    sandbox.fill(&[], &[action("a")], b"object");
    note(&sandbox, &url, 1, "a");
    let read_only = format!("{url}?mode=read");
    sandbox.helper(&["--remote", &read_only]).close();
    sandbox.settle();
    assert!(bucket.files("").is_empty());
    sandbox.helper(&["--remote", &url]).close();
    sandbox.settle();
    assert_eq!(bucket.files("v1/index/default/").len(), 1);
}
