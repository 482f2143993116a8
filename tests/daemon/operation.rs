//! What an operator does: check, reload, drain, kill, look, revoke.

use std::fs;

use rustix::process::Signal;

use super::world::*;
use crate::support::*;

const MAIN_TENANT: &str = "[[tenant]]\nname = \"main\"\nmatch = { \"peer.uid\" = \"54401\" }\nwrite = [\"main\"]\nread = [\"main\"]\n";

fn another(name: &str, user: u32) -> String {
    format!(
        "[[tenant]]\nname = \"{name}\"\nmatch = {{ \"peer.uid\" = \"{user}\" }}\nwrite = [\"{name}\"]\nread = [\"{name}\", \"main\"]\n"
    )
}

#[test]
fn a_configuration_is_checked_without_serving() {
    let world = World::without_daemon();
    let printed = run_to_its_end(&mut world.program(&["serve", "--print-config"])).succeeded();
    assert!(printed.stdout.contains("[[tenant]]"), "{printed:?}");
    world.configure(MAIN_TENANT);
    let config = world.sandbox.path("serve.toml").display().to_string();
    let check = || run_to_its_end(&mut world.program(&["serve", "--check", "--config", &config]));
    let checked = check().succeeded();
    let shown = "tenant main
  who: no token is needed, peer.uid = 54401
  writes: main
  reads: main
  policies: nothing
  quota: bytes without a bound, entries without a bound, view-bytes without a bound, unkept-bytes 8.6 GB, sessions 100, sessions-per-user 50, gets-per-second without a bound, puts-per-second without a bound, bytes-per-second without a bound, least-rate 4.1 kB, policy-time-per-minute 1m, policy-memory an equal share, compile-time 30s, compile-time-per-minute 30s
";
    assert_eq!(checked.stdout, shown);
    assert!(!world.sandbox.path("state").exists(), "nothing is made");
    // With an issuer, a policy and a quota.
    let policy = guest("allow-all");
    let more = format!(
        "{MAIN_TENANT}[[issuer]]\nname = \"ci\"\nissuer = \"https://ci.example\"\naudiences = [\"a\"]\nalgorithms = [\"RS256\"]\njwks-url = \"http://127.0.0.1:9/none\"\nlabels = {{ REF = \"ref\" }}\n[[tenant]]\nname = \"ci\"\nissuer = \"ci\"\nmatch = {{ REF = [\"a\", \"b*\"] }}\nread = [\"main\"]\nown-policy = true\n[tenant.quota]\nbytes = \"5GB\"\n[[tenant.policy]]\nfile = \"{}\"\n",
        policy.display()
    );
    world.configure(&more);
    let checked = check().succeeded();
    for line in [
        "issuer ci\n  its keys cannot be read yet: ",
        "tenant ci\n  who: a token of ci, REF = a or b*\n  writes: nothing\n  reads: main\n",
        &format!(
            "  policies: {}, 0 questions of cases answered, the job may bring one of its own\n",
            policy.display()
        ),
        "  quota: bytes 5.0 GB, ",
    ] {
        assert!(checked.stdout.contains(line), "{line}: {checked:?}");
    }
    // It is compiled where `serve` finds it, if that folder is this user's.
    let compiled = world.sandbox.path("state/compiled");
    let told = format!("`serve` keeps them in {}", compiled.display());
    assert!(checked.stderr.contains(&told), "{checked:?}");
    world.sandbox.folder("state");
    let checked = check().succeeded();
    assert!(!checked.stderr.contains("compiled"), "{checked:?}");
    assert!(compiled.is_dir());
    world.configure(&format!("[limits]\nsessions = 50\n{MAIN_TENANT}"));
    let warned = check().succeeded().stdout;
    assert!(
        warned.contains("warning: all tenants together may have 100 sessions"),
        "{warned}"
    );
    let case =
        "{\"line\":\"session\",\"form\":1}\n{\"line\":\"open\",\"refusal\":{\"session\":\"*\"}}\n";
    let cases = world.sandbox.file("cases.jsonl", case);
    let policy = guest("allow-all");
    let with_cases = format!(
        "{MAIN_TENANT}[[tenant.policy]]\nfile = \"{}\"\ncases = [\"{}\"]\n",
        policy.display(),
        cases.display()
    );
    for (tenants, code, told) in [
        (
            MAIN_TENANT.replace("write", "writes"),
            "CW0622",
            "did you mean `write`?",
        ),
        (String::new(), "CW0622", "there is no [[tenant]]"),
        (
            format!("{MAIN_TENANT}[[tenant.policy]]\nfile = \"/no/such.wasm\"\n"),
            "CW0201",
            "/no/such.wasm",
        ),
        (with_cases, "CW0623", "cases.jsonl:2: "),
    ] {
        world.configure(&tenants);
        let refused = check().exited(2);
        let is_told = refused.stderr.contains(code) && refused.stderr.contains(told);
        assert!(is_told, "{told}: {refused:?}");
    }
}

#[test]
fn a_reload_changes_tenants_and_loses_no_session() {
    if !is_root() {
        return;
    }
    let world = World::with(MAIN_TENANT);
    let mut session = world.helper(MAIN, &[]);
    session.put(&action("before"), b"before").kept();
    world.whoami(FORK).exited(1);
    world.configure(&format!("{MAIN_TENANT}{}", another("fork", FORK)));
    world.signal(Signal::HUP);
    world.wait_for_log("\"reloaded\"");
    world.whoami(FORK).succeeded();
    session.put(&action("after"), b"after").kept();
    assert_eq!(session.get(&action("before")).hit().bytes(), b"before");
    // A mistake changes nothing.
    world.configure("[[tenant]]\nnam = \"x\"\n");
    world.signal(Signal::HUP);
    world.wait_for_log("not reloaded, all stays as it was");
    world.whoami(FORK).succeeded();
    session.close();
}

#[test]
fn a_daemon_that_is_told_to_end_waits_for_its_sessions() {
    if !is_root() {
        return;
    }
    let mut world = World::with(MAIN_TENANT);
    let mut session = world.helper(MAIN, &[]);
    session.put(&action("one"), b"one").kept();
    world.signal(Signal::TERM);
    world.wait_for_log("\"draining\"");
    // No new one.
    let refused = world.whoami(MAIN).exited(1);
    assert!(refused.stderr.contains("CW0601"), "{refused:?}");
    session.put(&action("two"), b"two").kept();
    session.close();
    let ended = world.end_with(Signal::TERM);
    assert!(ended.status.success(), "{ended:?}");
    assert!(!world.socket().exists());
    // What was put is there after the next start.
    world.start();
    let mut next = world.helper(MAIN, &[]);
    assert_eq!(next.get(&action("two")).hit().bytes(), b"two");
    next.close();
}

#[test]
fn sessions_that_outlast_the_drain_are_ended() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    world.configure(&format!("[limits]\ndrain = \"100ms\"\n{MAIN_TENANT}"));
    world.start();
    let mut session = world.helper(MAIN, &[]);
    session.put(&action("one"), b"one").kept();
    let ended = world.end_with(Signal::TERM);
    assert!(
        ended.status.success() && ended.stderr.contains("sessions that are left"),
        "{ended:?}"
    );
    let ending = session.ending();
    assert!(ending.unanswered.is_empty(), "{ending:?}");
    told_why(
        &ending,
        "the daemon is being stopped (limits.drain). Run the build again",
    );
}

/// What the client of a session is told that the daemon has ended.
#[track_caller]
fn told_why(ending: &Ending, why: &str) {
    let told = format!("cachewarden: error[CW0608]: the daemon ends this session: {why}");
    assert!(ending.stderr.contains(&told), "{ending:?}");
    assert_eq!(ending.status.code(), Some(1), "{ending:?}");
}

#[test]
fn a_session_that_is_ended_for_its_slow_upload_is_told_why() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "{MAIN_TENANT}[tenant.quota]\nleast-rate = \"1MB\"\n"
    ));
    let mut session = world.helper(MAIN, &[]);
    session.announced();
    let put = put_message(1, &action("slow"), &sha256(b"slow"), &[0; 100_000]);
    session.write(&put[..put.len() / 2]);
    world.wait_for_log("its upload is slower than 1000000 bytes a second");
    world.wait_for_the_end_of_sessions();
    told_why(
        &session.ending(),
        "its upload is slower than 1000000 bytes a second (quota.least-rate). Run the build again; if this machine is slow",
    );
}

#[test]
fn where_the_daemon_is_away_a_build_has_a_private_cache_or_ends() {
    if !is_root() {
        return;
    }
    let world = World::without_daemon();
    world.check_out(MAIN, GREETING);
    let failed = world.go(MAIN, "", &["build", "./..."]);
    assert!(
        !failed.status.success() && failed.stderr.contains("CW0601"),
        "{failed:?}"
    );
    let private = "--when-down private -v";
    let built = world.go(MAIN, private, &["build", "./..."]).succeeded();
    assert!(built.stderr.contains("private cache"), "{built:?}");
    assert!(Totals::of(&built.stderr).puts > 50, "{built:?}");
    let again = world.go(MAIN, private, &["build", "./..."]).succeeded();
    assert!(Totals::of(&again.stderr).hits > 50, "{again:?}");
}

#[test]
fn what_a_session_has_put_is_revoked_for_sessions_under_way_and_its_readers_are_named() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!("{MAIN_TENANT}{}", another("fork", FORK)));
    let mut producer = world.helper(MAIN, &[]);
    for name in ["one", "two"] {
        producer.put(&action(name), name.as_bytes()).kept();
    }
    producer.close();
    let mut reader = world.helper(FORK, &[]);
    reader.get(&action("one")).hit();
    let mut other = world.helper(FORK, &[]);
    other.get(&action("nothing")).miss();
    let dry = world
        .ask(&["revoke", "--tenant", "main", "--dry-run"])
        .succeeded()
        .stdout;
    assert!(
        dry.contains("2 entries would be revoked, 1 session has read them"),
        "{dry}"
    );
    assert!(
        dry.contains("(1 entry)") && dry.contains(&format!("peer.uid={FORK}")),
        "{dry}"
    );
    other.get(&action("two")).hit();
    let revoked = world
        .ask(&["revoke", "--tenant", "main", "--since", "1h"])
        .succeeded()
        .stdout;
    assert!(
        revoked.contains("2 entries revoked, 2 sessions have read them"),
        "{revoked}"
    );
    reader.get(&action("one")).miss();
    other.get(&action("two")).miss();
    // A producer under way is ended, and its client is told why.
    let mut producer = world.helper(MAIN, &[]);
    producer.put(&action("three"), b"three").kept();
    world.ask(&["revoke", "--tenant", "main"]).succeeded();
    told_why(
        &producer.ending(),
        "the operator has revoked what it has put. Run the build again",
    );
    reader.close();
    other.close();
    for (words, told) in [
        (vec!["revoke"], "nothing says what to revoke"),
        (vec!["revoke", "--scope", "a/b"], "--scope"),
        (vec!["revoke", "--producer", "x"], "--producer"),
        (vec!["revoke", "--output", "x"], "--output"),
        (vec!["revoke", "--label", "x"], "--label"),
        // What nothing has is a mistake, and no success.
        (
            vec!["revoke", "--scope", "nosuch"],
            "no scope of the store matches `nosuch`",
        ),
        (
            vec!["revoke", "--tenant", "mian"],
            "there is no tenant `mian`, neither in the configuration nor in the audit log; there are: fork, main",
        ),
        (
            vec!["revoke", "--label", "NOSUCH=x"],
            "no session of the audit log has the label NOSUCH=x",
        ),
    ] {
        let refused = world.ask(&words).exited(2);
        assert!(refused.stderr.contains(told), "{refused:?}");
    }
}

#[test]
fn only_the_operator_is_told_how_the_daemon_is() {
    if !is_root() {
        return;
    }
    let world = World::with(MAIN_TENANT);
    let mut session = world.helper(MAIN, &[]);
    session.put(&action("one"), b"one").kept();
    let status = world.status();
    assert_eq!(status["sessions"][0]["tenant"], "main");
    assert_eq!(status["sessions"][0]["uid"], MAIN);
    let text = world.ask(&["status"]).succeeded().stdout;
    assert!(
        text.contains("main ") && text.contains("session "),
        "{text}"
    );
    session.close();
    world.wait_for_the_end_of_sessions();
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    for line in [
        "cachewarden_puts_total{tenant=\"main\"} 1",
        "cachewarden_sessions_total{tenant=\"main\",result=\"ended\"} 1",
        "cachewarden_kept_entries{tenant=\"main\"} 1",
        "# TYPE cachewarden_puts_total counter",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    for words in [&["status"][..], &["revoke", "--scope", "main"]] {
        let socket = world.socket().display().to_string();
        let mut command = world.command_as(MAIN, &world.program_path());
        command.args(words).args(["--socket", &socket]);
        let refused = run_to_its_end(&mut command).exited(2);
        assert!(
            refused.stderr.contains("this is for the operator"),
            "{refused:?}"
        );
    }
}

#[test]
fn quotas_bound_what_is_kept_and_gets_go_on() {
    if !is_root() {
        return;
    }
    let world = World::with(&format!(
        "{MAIN_TENANT}[tenant.quota]\nentries = 3\nsessions = 2\nsessions-per-user = 2\n"
    ));
    let mut session = world.helper(MAIN, &[]);
    let actions: Vec<_> = (0..5)
        .map(|number| action(&format!("action {number}")))
        .collect();
    for action in &actions {
        session.put(action, b"bytes").kept();
    }
    for action in &actions {
        session.get(action).hit();
    }
    let second = world.helper(MAIN, &[]);
    second.announced();
    let refused = world.connect(MAIN, &[]);
    let refused = run_to_its_end(&mut { refused }).exited(1);
    assert!(refused.stderr.contains("quota.sessions"), "{refused:?}");
    // A client that dies gives its place back.
    second.signal(Signal::KILL);
    drop(second);
    soon(|| {
        world.status()["sessions"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    });
    assert!(session.close().contains("CW0307"));
    world.wait_for_the_end_of_sessions();
    world.wait_for_log("beyond its quota");
    let mut next = world.helper(MAIN, &[]);
    let found = actions
        .iter()
        .filter(|action| !next.get(action).is_miss())
        .count();
    assert_eq!(found, 3);
    next.close();
    let metrics = world.ask(&["status", "--metrics"]).succeeded().stdout;
    assert!(
        metrics.contains("cachewarden_refusals_total{tenant=\"main\",reason=\"quota\"} 2"),
        "{metrics}"
    );
}

#[test]
fn the_audit_log_is_a_recording_that_replays() {
    if !is_root() {
        return;
    }
    let policy = guest("slim");
    let world = World::with(&format!(
        "{MAIN_TENANT}[[tenant.policy]]\nfile = \"{}\"\n",
        policy.display()
    ));
    world.check_out(MAIN, RUNES);
    world.go(MAIN, "", &["build", "./..."]).succeeded();
    world.go(MAIN, "", &["build", "./..."]).succeeded();
    world.wait_for_the_end_of_sessions();
    // Whatever waits for the writer is written when it is asked.
    world
        .ask(&["revoke", "--scope", "none", "--dry-run"])
        .exited(2);
    let log = world.sandbox.path("audit/main.jsonl");
    let text = fs::read_to_string(&log).expect("the audit log");
    assert!(
        text.contains("cachewarden.tenant") && text.contains("\"verified\":true"),
        "{text}"
    );
    let policy = policy.display().to_string();
    let log = log.display().to_string();
    let replayed =
        run_to_its_end(&mut world.program(&["policy", "test", &policy, &log])).succeeded();
    assert!(
        replayed.stdout.contains("2 sessions") && replayed.stdout.contains(" 0 differences"),
        "{replayed:?}"
    );
}

#[test]
fn the_doctor_says_what_the_daemon_takes_this_job_for() {
    if !is_root() {
        return;
    }
    let mut world = World::with(MAIN_TENANT);
    world.check_out(MAIN, GREETING);
    let doctor = |world: &World, user: u32| {
        let mut command = world.go_command(user, "", &[]);
        let program = world.program_path();
        let mut doctor = world.command_as(user, &program);
        doctor.arg("doctor");
        for (name, value) in command.env("CACHEWARDEN_TOKEN", "secret").get_envs() {
            doctor.env(name, value.expect("a value"));
        }
        run_to_its_end(&mut doctor)
    };
    let well = doctor(&world, MAIN).succeeded();
    for told in [
        "ok     daemon: tenant main: writes main; reads main;",
        "note   daemon: CACHEWARDEN_TOKEN is set",
        "ok     a build: ",
    ] {
        assert!(well.stdout.contains(told), "{told}: {well:?}");
    }
    let stranger = doctor(&world, FORK).exited(1);
    assert!(
        stranger.stdout.contains("wrong  daemon: ") && stranger.stdout.contains("CW0602"),
        "{stranger:?}"
    );
    world.end_with(Signal::TERM);
    let away = doctor(&world, MAIN).exited(1);
    assert!(away.stdout.contains("CW0601"), "{away:?}");
}
