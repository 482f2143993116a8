//! What jobs try against the daemon, and against each other.

use std::path::Path;

use rustix::process::Signal;

use super::world::*;
use crate::support::*;

fn world() -> World {
    World::with(&format!(
        "[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n[[tenant]]\nname = \"fork\"\nmatch = {{ \"peer.uid\" = \"{FORK}\" }}\nwrite = [\"fork\"]\nread = [\"fork\"]\n"
    ))
}

/// Whether a shell command of a user succeeds.
fn can(world: &World, user: u32, script: &str) -> bool {
    let mut command = world.command_as(user, Path::new("/bin/sh"));
    command.args(["-c", script]);
    run_to_its_end(&mut command).status.success()
}

#[test]
fn a_job_reads_what_it_was_given_and_nothing_else() {
    if !is_root() {
        return;
    }
    let world = world();
    let mut main = world.helper(MAIN, &[]);
    let path = main.put(&action("one"), b"the bytes of main").kept();
    let shown = path.display();
    assert!(can(&world, MAIN, &format!("grep -q main '{shown}'")));
    for attack in [
        "echo x > P",
        "echo x >> P",
        "rm P",
        "mv P Q",
        "truncate -s 0 P",
        "chmod u+w P",
        "chmod +x P",
        "touch P",
        "ln P Q",
        "ln -s /etc/passwd D/x",
        "ls D",
        "ls D/..",
        "ls D/../..",
        "mkdir D/x",
    ] {
        let folder = path.parent().expect("a folder").display();
        let script = attack
            .replace('P', &format!("'{shown}'"))
            .replace('D', &format!("'{folder}'"))
            .replace('Q', "stolen");
        assert!(!can(&world, MAIN, &script), "{script}");
    }
    // Another tenant's job knows the path and the digest.
    assert!(!can(&world, FORK, &format!("cat '{shown}'")));
    let store = world.sandbox.path("state/store").display().to_string();
    assert!(!can(&world, FORK, &format!("ls '{store}'")));
    let mut fork = world.helper(FORK, &[]);
    fork.get(&action("one")).miss();
    // To put an entry that names main's bytes one needs the bytes.
    let id = fork.next_id();
    let named = sha256(b"the bytes of main");
    fork.write(put_message(id, &action("mine"), &named, b"other bytes"));
    fork.answer(id).error();
    fork.get(&action("mine")).miss();
    // The same bytes: its own path, and the same answer as for bytes that nobody had.
    let own = fork.put(&action("mine"), b"the bytes of main").kept();
    assert_ne!(own.parent(), path.parent());
    let new = fork.put(&action("new"), b"new bytes").kept();
    assert_eq!(own.ancestors().nth(2), new.ancestors().nth(2));
    assert_eq!(main.get(&action("one")).hit().bytes(), b"the bytes of main");
    main.close();
    fork.close();
}

#[test]
fn kinds_that_mean_something_else_elsewhere_do_not_cross() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n[[tenant]]\nname = \"fork\"\nmatch = {{ \"peer.uid\" = \"{FORK}\" }}\nread = [\"main\"]\n"
    ));
    let objects: [(&str, &[u8]); 3] = [
        ("index", b"go index v2\nan index"),
        ("program", b"\x7fELF\x02\x01\x01 a program"),
        ("test", b"# test log\nopen x\n"),
    ];
    let mut main = world.helper(MAIN, &[]);
    for (name, bytes) in objects {
        main.put(&action(name), bytes).kept();
    }
    main.put(&action("plain"), b"plain").kept();
    main.close();
    let mut next = world.helper(MAIN, &[]);
    let mut fork = world.helper(FORK, &[]);
    for (name, is_in_own_scope) in [("index", false), ("program", false), ("test", true)] {
        assert_eq!(
            !next.get(&action(name)).is_miss(),
            is_in_own_scope,
            "{name}"
        );
        fork.get(&action(name)).miss();
    }
    fork.get(&action("plain")).hit();
    next.close();
    fork.close();
}

#[test]
fn a_job_that_speaks_no_protocol_ends_its_own_session_alone() {
    if !is_root() {
        return;
    }
    let world = world();
    let mut honest = world.helper(FORK, &[]);
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"{\"ID\":1,\"Command\":\"put\",\"BodySize\":-1}",
        b"\0\0\0\0",
        b"{\"ID\":",
        &[b'x'; 100_000],
    ] {
        let mut hostile = world.helper(MAIN, &[]);
        hostile.announced();
        hostile.write(garbage);
        let _ = hostile.ending();
        honest.put(&action("one"), b"one").kept();
    }
    // A put that never ends, and a client that is killed in the middle of it.
    let mut slow = world.helper(MAIN, &[]);
    slow.announced();
    slow.write("{\"ID\":1,\"Command\":\"put\",\"ActionID\":\"AAAA\",\"OutputID\":\"AAAA\",\"BodySize\":1000000}\n\n\"QUFB");
    slow.signal(Signal::KILL);
    drop(slow);
    honest.close();
    world.wait_for_the_end_of_sessions();
    let log = world.log();
    assert!(log.contains("not the protocol"), "{log}");
    world.whoami(MAIN).succeeded();
}

#[test]
fn a_policy_of_a_tenants_own_that_is_hostile_harms_nobody_else() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "[[tenant]]\nname = \"team\"\nmatch = {{ \"peer.uid\" = \"{TEAM}\" }}\nwrite = [\"team\"]\nread = [\"team\"]\nown-policy = true\n[tenant.quota]\npolicy-time-per-minute = \"1s\"\n[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n"
    ));
    let policy = |name: &str, text: &str| {
        let path = world.sandbox.file(&format!("policies/{name}.wat"), text);
        path.display().to_string()
    };
    let traps = policy(
        "traps",
        "(module (func (export \"get\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32) (result i32) unreachable) (func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) unreachable))",
    );
    let loops = policy(
        "loops",
        "(module (func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) (loop $l (br $l)) (i32.const 0)))",
    );
    let widens = policy("none", "no policy at all");
    let mut honest = world.helper(MAIN, &[]);
    honest.put(&action("one"), b"one").kept();
    // One that traps: its session keeps nothing.
    let mut session = world.helper(TEAM, &["--policy", &traps]);
    for name in ["a", "b", "c", "d"] {
        session.put(&action(name), name.as_bytes()).kept();
    }
    let said = session.close();
    assert!(said.contains("CW0216"), "{said}");
    let state = world.sandbox.path("state").display().to_string();
    assert!(!said.contains(&state), "{said}");
    // One that is none ends the go command, as a mistyped option does.
    let mut command = world.connect(TEAM, &["--policy", &widens]);
    let digest = hex(&sha256(b"no policy at all"));
    // The second time from what is kept of the first.
    for _ in 0..2 {
        let refused = run_to_its_end(&mut command).exited(2);
        let name = format!("the policy --policy (sha256 {}...)", &digest[..16]);
        assert!(refused.stderr.contains(&name), "{refused:?}");
        assert!(refused.stderr.contains("error[CW02"), "{refused:?}");
        // Nothing of the daemon's own folders.
        let state = world.sandbox.path("state").display().to_string();
        assert!(!refused.stderr.contains(&state), "{refused:?}");
    }
    // One that loops: its time is the tenant's.
    let mut sessions = 0;
    soon(|| {
        sessions += 1;
        let mut session = world.helper(TEAM, &["--policy", &loops]);
        session.announced();
        for name in ["a", "b", "c", "d"] {
            session.put(&action(name), name.as_bytes()).kept();
        }
        drop(session.ending());
        world.wait_for_the_end_of_sessions_of("team");
        world
            .whoami_session(TEAM)
            .stderr
            .contains("policy-time-per-minute")
    });
    assert!(sessions < 20, "{sessions}");
    assert_eq!(honest.get(&action("one")).hit().bytes(), b"one");
    honest.close();
    let mut next = world.helper(MAIN, &[]);
    next.get(&action("one")).hit();
    next.close();
}

/// A helper of the same user would take the program from go's work folder.
#[test]
fn programs_that_jobs_link_are_not_kept() {
    if !is_root() {
        return;
    }
    let world = world();
    world.check_out(MAIN, GREETING);
    for round in ["cold", "warm"] {
        let run = world.go(MAIN, "", &["run", "-x", "."]).succeeded();
        assert!(run.stderr.contains("/link -o "), "{round}: {run:?}");
    }
    let entries = entries(&world.store(), "main");
    assert!(!entries.is_empty());
    assert!(entries.iter().all(|entry| entry.kind() != "executable"));
}
