//! What one tenant, or one job of it, can take from others: sessions, memory and time of policies,
//! and the time of the daemon itself.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::process::Signal;

use super::world::*;
use crate::support::lookup::{GROW, HIT, LOOP};
use crate::support::reach::{self, LOCAL};
use crate::support::*;

/// A tenant that brings policies of its own.
fn with_policies(name: &str, user: u32, quota: &str) -> String {
    format!(
        "[[tenant]]\nname = \"{name}\"\nmatch = {{ \"peer.uid\" = \"{user}\" }}\nwrite = [\"{name}\"]\nread = [\"{name}\"]\nown-policy = true\n[tenant.quota]\n{quota}\n"
    )
}

/// The policy that does what it is asked, where jobs can read it.
fn as_asked(world: &World) -> String {
    text(
        world
            .sandbox
            .file("policies/as-asked.wasm", module("as-asked")),
    )
}

#[test]
fn memory_of_policies_is_each_tenants_own() {
    if !is_root() {
        return;
    }
    let greedy = with_policies("greedy", TEAM, "policy-memory = \"100MiB\"");
    let world = World::with(&format!("{greedy}{}", with_policies("main", MAIN, "")));
    let policy = as_asked(&world);
    let session = |user| world.helper(user, &["--policy", &policy]);
    let grows = asking(GROW, LOCAL, "grows");
    for user in [TEAM, MAIN] {
        let mut first = session(user);
        first.put(&grows, b"grows").kept();
        assert_eq!(first.close(), "");
    }
    world.wait_for_the_end_of_sessions();
    // Each takes 32 MiB and keeps it while it is idle.
    let mut held: Vec<_> = (0..3)
        .map(|_| {
            let mut session = session(TEAM);
            session.get(&grows).hit();
            session
        })
        .collect();
    let mut one_more = session(TEAM);
    one_more.get(&grows).miss();
    one_more.has_said("quota.policy-memory");
    for _ in 0..4 {
        let mut other = session(MAIN);
        other.get(&grows).hit();
        held.push(other);
    }
    // What a session gives back, the next one has.
    held.remove(0).close();
    one_more.close();
    let left = held.len();
    soon(|| {
        world.status()["sessions"]
            .as_array()
            .is_some_and(|all| all.len() == left)
    });
    let mut next = session(TEAM);
    next.get(&grows).hit();
    next.close();
}

#[test]
fn one_users_sessions_leave_some_for_the_other_users_of_a_tenant() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "[[tenant]]\nname = \"fork\"\nmatch = {{ \"peer.uid\" = [\"{FORK}\", \"{TEAM}\"] }}\nwrite = [\"fork-{{peer.uid}}\"]\nread = [\"fork-{{peer.uid}}\"]\n[tenant.quota]\nsessions = 4\n"
    ));
    let begun = |user| {
        let session = world.helper(user, &[]);
        session.announced();
        session
    };
    let held = [begun(FORK), begun(FORK)];
    let refused = world.whoami_session(FORK).exited(1);
    assert!(
        refused.stderr.contains("quota.sessions-per-user"),
        "{refused:?}"
    );
    // `--whoami` asks policies as a session does, and so is one.
    let refused = world.whoami(FORK).exited(1);
    assert!(refused.stderr.contains("sessions-per-user"), "{refused:?}");
    let mut other = begun(TEAM);
    other.put(&action("one"), b"one").kept();
    other.close();
    world.whoami(TEAM).succeeded();
    drop(held);
    world.wait_for_the_end_of_sessions();
    world.whoami(FORK).succeeded();
}

#[test]
fn time_of_policies_counts_while_sessions_run() {
    if !is_root() {
        return;
    }
    let greedy = with_policies(
        "greedy",
        TEAM,
        "policy-time-per-minute = \"500ms\"\nsessions-per-user = 100",
    );
    let world = World::with(&format!("{greedy}{}", with_policies("main", MAIN, "")));
    let policy = as_asked(&world);
    let session = |user| {
        let session = world.helper(user, &["--policy", &policy]);
        session.announced();
        session
    };
    // They begin together, before any of them has used anything.
    let mut all: Vec<_> = (0..8).map(|_| session(TEAM)).collect();
    let mut honest = session(MAIN);
    for round in 0..10 {
        for (number, session) in all.iter_mut().enumerate() {
            let name = format!("{round} {number}");
            // A put that loops, and one that does not: three failures in a row are too many.
            session
                .put(&asking(HIT, reach::LOOP, &name), b"loop")
                .kept();
            session.put(&asking(HIT, LOCAL, &name), b"well").kept();
        }
    }
    for session in &all {
        session.has_said("quota.policy-time-per-minute");
    }
    honest.put(&asking(HIT, LOCAL, "honest"), b"honest").kept();
    assert_eq!(honest.close(), "");
    let refused = world.whoami(TEAM).exited(1);
    assert!(
        refused.stderr.contains("policy-time-per-minute"),
        "{refused:?}"
    );
    all.into_iter().for_each(|session| drop(session.close()));
    world.wait_for_the_end_of_sessions();
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    let used: f64 = metrics
        .lines()
        .filter(|line| line.starts_with("cachewarden_policy_cpu") && line.contains("greedy"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum();
    // Each was asked once at least. Without a bound while they run, it is 8 s.
    assert!((0.4..4.0).contains(&used), "{used} s: {metrics}");
}

#[test]
fn compiling_policies_of_jobs_counts_for_their_tenant() {
    if !is_root() {
        return;
    }
    let quota = "compile-time-per-minute = \"1ms\"";
    let greedy = with_policies("greedy", TEAM, quota);
    let world = World::with(&format!("{greedy}{}", with_policies("main", MAIN, "")));
    let policy = |name: &str| {
        let path = world.sandbox.file(&format!("{name}.wasm"), module(name));
        text(path)
    };
    let (known, new) = (policy("as-asked"), policy("careful"));
    let session = |user, policy: &str| {
        let mut command = world.connect(user, &["--policy", policy]);
        run_to_its_end(&mut command)
    };
    session(TEAM, &known).succeeded();
    let refused = session(TEAM, &new).exited(1);
    assert!(
        refused.stderr.contains("quota.compile-time-per-minute"),
        "{refused:?}"
    );
    // What is loaded need not be compiled, and others compile on.
    session(TEAM, &known).succeeded();
    session(MAIN, &new).succeeded();
}

#[test]
fn copies_that_jobs_read_are_bounded_and_puts_have_a_path() {
    if !is_root() {
        return;
    }
    let tenant = |name: &str, user, quota: &str| {
        format!(
            "[[tenant]]\nname = \"{name}\"\nmatch = {{ \"peer.uid\" = \"{user}\" }}\nwrite = [\"{name}\"]\nread = [\"{name}\", \"main\"]\n[tenant.quota]\n{quota}\n"
        )
    };
    let main = tenant("main", MAIN, "");
    let fork = tenant("fork", FORK, "view-bytes = \"128KiB\"");
    let world = World::with(&format!("{main}{fork}"));
    let names: Vec<_> = (0..20).map(|number| action(&number.to_string())).collect();
    let body = |name: &Digest| name.repeat(320);
    let mut main = world.helper(MAIN, &[]);
    for name in &names {
        main.put(name, &body(name)).kept();
    }
    main.close();
    let mut fork = world.helper(FORK, &[]);
    // 10 KiB, and a folder of 4 KiB, each.
    let hits = names
        .iter()
        .filter(|name| !fork.get(name).is_miss())
        .count();
    assert!((8..=12).contains(&hits), "{hits}");
    assert_eq!(fork.get(&names[0]).hit().bytes(), body(&names[0]));
    fork.put(&action("own"), &[7; 20_000]).kept();
    assert_eq!(fork.get(&action("own")).hit().bytes(), [7; 20_000]);
    let said = fork.close();
    assert!(said.contains("CW0307"), "{said}");
    world.wait_for_log("beyond its quota");
    let mut other = world.helper(MAIN, &[]);
    for name in &names {
        other.get(name).hit();
    }
    assert_eq!(other.close(), "");
}

/// A session with many puts, some of whose questions take as long as they may; how many were
/// answered. Beyond the tenant's time it is refused.
fn flood(mut command: Command, number: u32) -> u64 {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::null()).spawn().expect("it starts");
    let mut input = child.stdin.take().expect("stdin");
    for round in 0..50_u8 {
        let reach = if round % 10 == 0 { reach::LOOP } else { LOCAL };
        let body = [&number.to_le_bytes()[..], &[round; 9000]].concat();
        let name = asking(LOOP, reach, &format!("{number} {round}"));
        let put = put_message(u64::from(round) + 1, &name, &sha256(&body), &body);
        if input.write_all(put.as_bytes()).is_err() {
            break;
        }
    }
    drop(input);
    let output = child.wait_with_output().expect("it ends").stdout;
    String::from_utf8_lossy(&output).matches("DiskPath").count() as u64
}

/// One tenant does at once all that it may and more; the other's gets are answered meanwhile.
#[test]
fn a_tenant_at_its_limits_lets_nobody_else_wait() {
    if !is_root() {
        return;
    }
    let greedy = with_policies(
        "greedy",
        TEAM,
        "bytes = \"64KiB\"\nunkept-bytes = \"1MiB\"\nputs-per-second = 10\nsessions-per-user = 100",
    );
    let world = World::with(&format!(
        "{greedy}[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n"
    ));
    let policy = as_asked(&world);
    let names: Vec<_> = (0..100).map(|number| action(&number.to_string())).collect();
    let mut honest = world.helper(MAIN, &[]);
    for name in &names {
        honest.put(name, name).kept();
    }
    honest.close();
    // A put that never ends, and a reader that reads nothing: each waits for good.
    let mut stuck = world.helper(TEAM, &[]);
    stuck.announced();
    stuck.write("{\"ID\":1,\"Command\":\"put\",\"ActionID\":\"AAAA\",\"OutputID\":\"AAAA\",\"BodySize\":1000000}\n\n\"QUFB");
    let mut unread = Helper::start_unread(world.connect(TEAM, &[]));
    unread.write(get_message(1, &action("absent")).repeat(20_000));
    let (is_over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for number in 0..6_u32 {
            let (world, policy, is_over, done) = (&world, &policy, &is_over, &done);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let answers = flood(world.connect(TEAM, &["--policy", policy]), number);
                    done.fetch_add(answers, Ordering::Relaxed);
                }
            });
        }
        soon(|| done.load(Ordering::Relaxed) > 0);
        let mut honest = world.helper(MAIN, &[]);
        for round in 0..20 {
            for name in &names {
                assert_eq!(honest.get(name).hit().bytes(), name, "round {round}");
            }
        }
        assert_eq!(honest.close(), "");
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(stuck.is_running() && unread.is_running(), "they wait still");
    for session in [stuck, unread] {
        session.signal(Signal::KILL);
    }
    world.wait_for_the_end_of_sessions();
    assert!(!world.log().contains("panicked"), "{}", world.log());
}
