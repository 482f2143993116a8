//! Jobs that flood: the audit log with gets, the operator's log with refusals.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::json;

use super::greedy::greet;
use super::world::*;
use crate::support::*;

fn tenants() -> String {
    format!(
        "[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n[[tenant]]\nname = \"fork\"\nmatch = {{ \"peer.uid\" = \"{FORK}\" }}\nwrite = [\"fork\"]\nread = [\"fork\", \"main\"]\n"
    )
}

/// Configures the daemon with these keys of `[audit]`.
fn configure(world: &World, audit: &str) {
    world.configure(&tenants());
    let path = world.sandbox.path("serve.toml");
    let text = fs::read_to_string(&path).expect("the configuration");
    let text = text.replace("[audit]\n", &format!("[audit]\n{audit}\n"));
    fs::write(&path, text).expect("the configuration");
}

/// Asks for what is not there, so many times.
#[track_caller]
fn flood(world: &World, user: u32, gets: usize) {
    let mut helper = world.helper(user, &[]);
    for _ in 1..gets {
        helper.send_get(&action("nothing"));
    }
    helper.get(&action("nothing")).miss();
    helper.close();
    world.wait_for_the_end_of_sessions();
}

/// Whatever waits for the writer is written, when the log is asked.
#[track_caller]
fn ask_for_readers(world: &World) -> Outcome {
    world.ask(&["revoke", "--scope", "main", "--dry-run"])
}

/// A session of `main` has put an entry, and one of `fork` has read it.
#[track_caller]
fn put_and_read(world: &World) {
    let mut producer = world.helper(MAIN, &[]);
    producer.put(&action("one"), b"one").kept();
    producer.close();
    let mut reader = world.helper(FORK, &[]);
    reader.get(&action("one")).hit();
    reader.close();
    world.wait_for_the_end_of_sessions();
}

#[test]
fn a_flood_removes_only_its_own_history_and_revoke_says_so() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    configure(&world, "max-file-size = \"20kB\"\nmax-size = \"60kB\"");
    world.start();
    put_and_read(&world);
    let dry = ask_for_readers(&world).succeeded().stdout;
    assert!(dry.contains("1 session has read them"), "{dry}");
    flood(&world, FORK, 1_000);
    let dry = ask_for_readers(&world).exited(1).stdout;
    assert!(
        dry.contains(
            "not known: files of the audit log of fork were removed, with what was written until 2"
        ),
        "{dry}"
    );
    let sizes = |tenant: &str| -> u64 {
        let files = files_below(&world.sandbox.path("audit")).into_iter();
        let own = files.filter(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            name.starts_with(tenant)
        });
        own.map(|path| fs::metadata(path).expect("its size").len())
            .sum()
    };
    assert!(sizes("fork") <= 60_000, "{}", sizes("fork"));
    let kept = fs::read_to_string(world.sandbox.path("audit/main.jsonl")).expect("its log");
    assert!(kept.contains("\"line\":\"close\""), "{kept}");
    let log = world.log();
    let told = log.matches("its oldest files are removed").count();
    assert_eq!(told, 1, "{log}");
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    assert!(
        metrics.contains("cachewarden_removed_audit_files_total{tenant=\"fork\"}")
            && metrics.contains("cachewarden_lost_audit_lines_total{tenant=\"fork\"} 0"),
        "{metrics}"
    );
    // Known after a restart, too.
    world.end_with(Signal::TERM);
    world.start();
    ask_for_readers(&world).exited(1);
    // What was removed before an entry was put has nothing to do with it.
    let mut producer = world.helper(MAIN, &[]);
    let mut number = 0;
    soon(|| {
        number += 1;
        producer
            .put(&action(&format!("new {number}")), b"new")
            .kept();
        let lately = ["revoke", "--scope", "main", "--since", "1s", "--dry-run"];
        world.ask(&lately).status.success()
    });
    producer.close();
}

#[test]
fn lines_that_a_full_disk_loses_are_written_down_when_there_is_room() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    if !world.mount_tiny("audit", 64) {
        return;
    }
    world.configure(&tenants());
    world.start();
    put_and_read(&world);
    flood(&world, FORK, 1_000);
    let dry = ask_for_readers(&world).exited(1).stdout;
    // As many as the disk had no room for: it may be one.
    let is_told = [
        "lines of the audit log of fork are missing",
        "1 line of the audit log of fork is missing",
    ]
    .iter()
    .any(|text| dry.contains(text));
    assert!(is_told, "{dry}");
    let lost = |world: &World| {
        let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
        let line = metrics.lines().find_map(|line| {
            line.strip_prefix("cachewarden_lost_audit_lines_total{tenant=\"fork\"} ")
        });
        line.expect("a sample").parse::<u64>().expect("a number")
    };
    let status = world.status();
    let fork = status["tenants"]
        .as_array()
        .expect("tenants")
        .iter()
        .find(|tenant| tenant["name"] == "fork")
        .expect("fork");
    assert_eq!(fork["lost-audit-lines"], lost(&world));
    let text = world.ask(&["status"]).succeeded().stdout;
    let shown = match lost(&world) {
        1 => "audit log of fork: 1 line lost, 0 files removed".to_owned(),
        lost => format!("audit log of fork: {lost} lines lost, 0 files removed"),
    };
    assert!(text.contains(&shown), "{text}");
    let errors = world
        .log()
        .matches("the audit log cannot be written")
        .count();
    assert!((1..=20).contains(&errors), "{}", world.log());
    let mut remount = Command::new("mount");
    remount.args(["-o", "remount,size=4m"]);
    run_to_its_end(remount.arg(world.sandbox.path("audit"))).succeeded();
    flood(&world, FORK, 1);
    let lost = lost(&world);
    world.end_with(Signal::TERM);
    let log = fs::read_to_string(world.sandbox.path("audit/fork.jsonl")).expect("the log");
    let written: u64 = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a whole line"))
        .filter(|line| line["line"] == "lost")
        .map(|line| line["lines"].as_u64().expect("a number"))
        .sum();
    assert_eq!(written, lost);
    assert!(lost > 100, "{lost}");
    world.start();
    let dry = ask_for_readers(&world).exited(1).stdout;
    assert!(
        dry.contains(&format!(
            "{lost} lines of the audit log of fork are missing"
        )),
        "{dry}"
    );
    // A replay knows that it has not all of it.
    let policy = guest("allow-all").display().to_string();
    let log = world.sandbox.path("audit/fork.jsonl").display().to_string();
    let replayed = run_to_its_end(&mut world.program(&["policy", "test", &policy, &log]));
    assert!(
        replayed
            .stdout
            .contains(&format!("{lost} lines are missing")),
        "{replayed:?}"
    );
}

#[test]
fn revoke_reads_what_can_matter_of_the_log_in_bounded_memory() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    world.configure(&tenants());
    world.start();
    put_and_read(&world);
    ask_for_readers(&world).succeeded();
    world.end_with(Signal::TERM);
    // A large file of now, and one of long ago, in which nothing can be read.
    let log = world.sandbox.path("audit/fork.jsonl");
    let text = fs::read_to_string(&log).expect("the log");
    let large = text.repeat(24 * 1024 * 1024 / text.len());
    let now = SystemTime::now();
    let long_ago = now - Duration::from_secs(100_000);
    for (time, text) in [(now, &*large), (long_ago, "{\"torn")] {
        let since = time.duration_since(UNIX_EPOCH).expect("a time");
        let name = format!("fork.{}.jsonl", since.as_nanos());
        fs::write(log.with_file_name(name), text).expect("a file");
    }
    world.start();
    world.ask(&["status"]).succeeded();
    let before = peak_memory(world.process());
    let lately = ["revoke", "--scope", "main", "--since", "1h", "--dry-run"];
    let dry = world.ask(&lately).succeeded().stdout;
    assert!(dry.contains("1 session has read them"), "{dry}");
    let grown = peak_memory_since(before, world.process());
    assert!(grown < 12 * 1024, "{grown} KiB");
    // A put of the same bytes takes the place of an entry, so its time is no bound.
    ask_for_readers(&world).exited(1);
    // Who began when may stand in any file of the tenant.
    let by_label = ["revoke", "--label", "peer.uid=1", "--dry-run"];
    let dry = world.ask(&by_label).exited(1).stdout;
    assert!(
        dry.contains("not known: 1 line of") && dry.contains(".jsonl cannot be read"),
        "{dry}"
    );
    let of_tenant = ["revoke", "--tenant", "main", "--since", "1h", "--dry-run"];
    world.ask(&of_tenant).succeeded();
}

#[test]
fn a_job_that_asks_too_often_is_slowed_and_builds_right() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "{}[tenant.quota]\ngets-per-second = 20\n",
        tenants()
    ));
    world.check_out(FORK, RUNES);
    let build = ["build", "-o", "../lib.a", "./lib"];
    world.go(FORK, "", &build).succeeded();
    let archive = world.sandbox.path(&format!("home-{FORK}/lib.a"));
    let right = fs::read(&archive).expect("the archive");
    fs::remove_file(&archive).expect("it was there");
    let before = Totals::of(&world.go(FORK, "-v", &build).succeeded().stderr);
    // Ten seconds of the rate at once.
    flood(&world, FORK, 200);
    fs::remove_file(&archive).expect("it was there");
    let again = world.go(FORK, "-v", &build).succeeded();
    assert!(fs::read(&archive).expect("the archive") == right);
    let totals = Totals::of(&again.stderr);
    assert_eq!((totals.gets, totals.hits), (before.gets, before.hits));
    assert!(
        again.stderr.contains("CW0307") && again.stderr.contains("gets-per-second"),
        "{again:?}"
    );
    world.wait_for_the_end_of_sessions();
    world.wait_for_log("asks more often than its quota");
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    let slowed = metrics
        .lines()
        .find_map(|line| line.strip_prefix("cachewarden_slowed_gets_total{tenant=\"fork\"} "));
    assert_ne!(slowed.expect("a sample"), "0", "{metrics}");
    // Nobody else waits for it.
    flood(&world, MAIN, 1_000);
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    assert!(
        metrics.contains("cachewarden_slowed_gets_total{tenant=\"main\"} 0"),
        "{metrics}"
    );
}

#[test]
fn a_client_that_is_refused_again_and_again_writes_a_few_lines() {
    if !is_root() {
        return;
    }
    let world = World::with(&tenants());
    for hello in [
        json!({"version": 1, "want": "session"}),
        json!({"version": 1, "want": "session", "token": "no.token.atall"}),
    ] {
        for _ in 0..100 {
            let (_, _, text) = greet(&world, &hello);
            assert!(text.contains("code"), "{text}");
        }
    }
    // Another user's refusal is written all the same.
    world.whoami(NOBODY_KNOWN).exited(1);
    world.wait_for_log(&format!("\"uid\":{NOBODY_KNOWN}"));
    let lines = world.log().matches("refused: ").count();
    assert!(lines <= 50, "{lines}: {}", world.log());
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    let counted = "cachewarden_sessions_total{tenant=\"\",result=\"no-tenant\"} 101";
    assert!(metrics.contains(counted), "{metrics}");
}
