//! A tier that is not there, or does not allow what is asked: a build works, and a person is told
//! once.

use std::net::TcpListener;

use crate::support::*;

use super::{Bucket, LITTLE, Machine, Tier, remote_hits};

/// A tier at a port of this machine.
fn tier_at(port: u16) -> Tier {
    Tier {
        url: format!("s3://bucket?endpoint=http://127.0.0.1:{port}&region=any"),
        variables: vec![
            ("CACHEWARDEN_S3_ACCESS_KEY_ID", "id".into()),
            ("CACHEWARDEN_S3_SECRET_ACCESS_KEY", "very-secret".into()),
        ],
    }
}

#[test]
fn a_service_that_is_not_there_is_told_once_and_costs_no_build() {
    // Nobody listens there.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its number").port()
    };
    let machine = tier_at(port).machine();
    let built = machine.project_of(RUNES, "").go(&LITTLE).succeeded();
    let told = built.stderr.matches("warning[CW07").count();
    assert_eq!(told, 1, "{built:?}");
    assert!(!built.stderr.contains("very-secret"), "{built:?}");
    assert_eq!(remote_hits(&built.stderr), 0);
    // Later go commands leave it alone, and say so, as `stats` does.
    let project = machine.project_of(RUNES, "");
    project.write("lib/more.go", "package lib\n\nconst More = 1\n");
    let later = project.go(&LITTLE).succeeded();
    assert_eq!(later.stderr.matches("warning[CW07").count(), 0, "{later:?}");
    let line = "; not asked until it answers, since 2";
    assert!(later.stderr.contains(line), "{later:?}");
    let told = machine.sandbox.run(&["stats"]).succeeded().stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "away for ",
        "not asked until it answers: ",
        "Connection refused",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = machine.sandbox.run(&["stats", "--json"]).succeeded().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let tier = &json["tiers"][0];
    assert!(tier["away-since"].as_u64() > Some(1_700_000_000), "{json}");
    assert!(tier["away-reason"].is_string(), "{json}");
    let flushed = machine.flush();
    assert_eq!(flushed.status.code(), Some(3), "{flushed:?}");
    assert!(flushed.stderr.contains("left"), "{flushed:?}");
}

#[test]
fn a_service_that_never_answers_costs_the_budget_and_is_told_once() {
    // It takes connections, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let machine = tier_at(port).machine();
    let project = machine.project_of(RUNES, "--remote-budget 300ms");
    let built = project.go(&LITTLE).succeeded();
    assert_eq!(built.stderr.matches("CW0701").count(), 1, "{built:?}");
    drop(listener);
}

#[test]
fn what_waits_is_sent_once_the_tier_is_back() {
    let bucket = Bucket::new();
    let machine = Machine::with(bucket.url());
    // A file where the folder should be.
    std::fs::remove_dir(bucket.folder()).expect("an empty folder");
    bucket.sandbox.file("bucket", "in the way");
    let project = machine.project_of(RUNES, "");
    project.go(&LITTLE).succeeded();
    assert_eq!(machine.flush().status.code(), Some(3));
    std::fs::remove_file(bucket.folder()).expect("what is in the way");
    machine.flush().succeeded();
    let other = Machine::with(bucket.url());
    let built = other.project_of(RUNES, "").go(&LITTLE).succeeded();
    assert!(remote_hits(&built.stderr) > 0, "{built:?}");
}
