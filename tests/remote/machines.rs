//! What one machine has built another one finds, as far as the policies let it.

use crate::support::*;

use super::{Bucket, Machine, Tier, asked_about, remote_hits, scope};

/// A build that needs no path of its machine, so that another one can use all of it.
const BUILD: [&str; 4] = ["build", "-trimpath", "-o", "program"];

/// What a machine's `stats` say of a tier.
fn traffic(machine: &Machine, bucket: &Bucket) -> serde_json::Value {
    let stats = ["stats", "--json", "--remote", &bucket.url()];
    let stats = machine.sandbox.run(&stats).succeeded().stdout;
    let stats: serde_json::Value = serde_json::from_str(&stats).expect("JSON");
    let tiers = stats["tiers"].as_array().expect("its tiers");
    assert_eq!(tiers.len(), 1, "{stats}");
    assert_eq!(tiers[0]["tier"], bucket.url());
    tiers[0].clone()
}

#[test]
fn a_fresh_machine_finds_what_another_has_built() {
    let bucket = Bucket::new();
    let first = Machine::with(bucket.url());
    let cold = first.project("").go(&BUILD).succeeded();
    let cold = Totals::of(&cold.stderr);
    assert!(cold.puts > 20, "{cold:?}");
    let sent = first.flush().succeeded();
    assert!(sent.stderr.contains("nothing is left"), "{sent:?}");

    let second = Machine::with(bucket.url());
    let project = second.project("");
    let fresh = project.go(&BUILD).succeeded();
    let totals = Totals::of(&fresh.stderr);
    // What is of use to one machine alone does not travel: module indexes, and the program.
    assert!(remote_hits(&fresh.stderr) > totals.gets / 2, "{fresh:?}");
    assert!(totals.puts < cold.puts / 2, "{fresh:?}");
    assert!(!fresh.stderr.contains("warning"), "{fresh:?}");
    let line = format!("cachewarden: {}: ", bucket.url());
    assert!(fresh.stderr.contains(&line), "{fresh:?}");
    let (sender, reader) = (traffic(&first, &bucket), traffic(&second, &bucket));
    assert!(sender["sent"].as_u64() > Some(20), "{sender}");
    assert!(sender["bytes-up"].as_u64() > Some(0), "{sender}");
    let hits = reader["hits"].as_u64().expect("a number");
    assert_eq!(hits, remote_hits(&fresh.stderr), "{reader}");
    for key in ["bytes-down", "bytes-saved"] {
        assert!(reader[key].as_u64() > Some(0), "{reader}");
    }

    // And then it needs no tier.
    let warm = project.go(&BUILD).succeeded();
    assert_eq!(remote_hits(&warm.stderr), 0, "{warm:?}");
    let program = second.sandbox.path("project/program");
    let said = run_to_its_end(&mut second.sandbox.command(&program));
    assert!(said.stderr.contains("hello, world"), "{said:?}");
}

/// A library that differs from the one in GREETING.
const OF_A_FORK: &str =
    "package lib\n\nfunc Greet(name string) string { return \"of a fork\" + name }\n";

/// These tests are about what travels, and not about how long it takes.
const PATIENT: &str = "--remote-budget 60s";

fn of_main() -> String {
    asked_about("trusted-branches", "refs/heads/main", "push") + " " + PATIENT
}

/// A push to main fills a tier.
pub(super) fn main_fills(tier: &Tier) {
    let trusted = tier.machine();
    trusted.project(&of_main()).go(&BUILD).succeeded();
    let sent = trusted.flush().succeeded();
    assert!(sent.stderr.contains("nothing is left"), "{sent:?}");
}

/// A pull request reads what main has, and writes a scope of its own, which nobody else reads.
pub(super) fn a_pull_request_has_a_scope_of_its_own(tier: &Tier) {
    let pull = asked_about("trusted-branches", "refs/pull/7/merge", "pull_request") + " " + PATIENT;
    let fork = tier.machine();
    let project = fork.project(&pull);
    let read = project.go(&BUILD).succeeded();
    assert!(remote_hits(&read.stderr) > 10, "{read:?}");
    project.write("lib/lib.go", OF_A_FORK);
    project.go(&BUILD).succeeded();
    fork.flush().succeeded();

    // The same one on another machine finds it.
    let hits_with = |machine: &Machine, options: &str| {
        let project = machine.project(options);
        project.write("lib/lib.go", OF_A_FORK);
        remote_hits(&project.go(&BUILD).succeeded().stderr)
    };
    let again = tier.machine();
    let found = hits_with(&again, &pull);
    let own = scope(
        &again.sandbox.store(),
        "ref-acme_2fwidget_-refs_2fpull_2f7_2fmerge",
    );
    assert!(own.exists(), "{:?}", files_below(&again.sandbox.store()));
    // Another one does not, and neither does main.
    let other = asked_about("trusted-branches", "refs/pull/8/merge", "pull_request");
    for options in [format!("{other} {PATIENT}"), of_main()] {
        let hits = hits_with(&tier.with("mode=read").machine(), &options);
        assert!(hits > 10 && hits < found, "{options}: {hits} and {found}");
    }
}

/// A release takes what is bound and verified, and nothing else.
pub(super) fn a_release_takes_what_is_bound(tier: &Tier) {
    let release = tier.machine();
    let options = asked_about("release", "refs/tags/v1", "push") + " " + PATIENT;
    let shipped = release.project(&options).go(&BUILD).succeeded();
    assert!(remote_hits(&shipped.stderr) > 10, "{shipped:?}");
    let program = release.sandbox.path("project/program");
    let said = run_to_its_end(&mut release.sandbox.command(&program));
    assert!(said.stderr.contains("hello, world"), "{said:?}");
    for entry in entries(&release.sandbox.store(), "main-acme_2fwidget") {
        let is_proved = entry.kind() == "package-archive" && entry.names_its_action();
        assert!(is_proved || entry.kind() == "empty", "{entry:?}");
    }
}

#[test]
fn a_pull_request_reads_main_and_a_release_takes_what_is_bound() {
    let bucket = Bucket::new();
    let tier = bucket.tier();
    main_fills(&tier);
    let of_main = bucket.files("main-");
    assert!(!of_main.is_empty());
    a_pull_request_has_a_scope_of_its_own(&tier);
    assert_eq!(bucket.files("main-"), of_main, "main is as it was");
    assert!(!bucket.files("ref-").is_empty());
    a_release_takes_what_is_bound(&tier);
}

#[test]
fn results_of_tests_travel_where_the_policy_shares_them() {
    const TESTS: [&str; 3] = ["test", "-trimpath", "./..."];
    let shared = format!("--policy '{}' {PATIENT}", guest("shared-tests").display());
    for (options, is_cached) in [(&*shared, true), (PATIENT, false)] {
        let bucket = Bucket::new();
        let first = Machine::with(bucket.url());
        first.project(options).go(&TESTS).succeeded();
        first.flush().succeeded();
        let second = Machine::with(bucket.url());
        let tested = second.project(options).go(&TESTS).succeeded();
        assert_eq!(tested.stdout.contains("(cached)"), is_cached, "{tested:?}");
    }
}

#[test]
fn a_tier_is_used_as_its_mode_says() {
    let bucket = Bucket::new();
    let reader = Machine::with(format!("{}?mode=read", bucket.url()));
    reader.project("").go(&BUILD).succeeded();
    reader.flush().succeeded();
    assert!(bucket.files("").is_empty(), "{:?}", bucket.files(""));

    let writer = Machine::with(format!("{}?mode=write", bucket.url()));
    let project = writer.project("");
    project.go(&BUILD).succeeded();
    writer.flush().succeeded();
    assert!(!bucket.files("").is_empty());

    let other = Machine::with(format!("{}?mode=write", bucket.url()));
    let built = other.project("").go(&BUILD).succeeded();
    assert_eq!(remote_hits(&built.stderr), 0, "{built:?}");
}
