//! What sessions make of services that fail.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cachewarden_remote::format::{Body, RemoteEntry, Stored};
use cachewarden_session::DEFAULT_REMOTE_BUDGET;
use cachewarden_store::SessionId;
use cachewarden_types::{Digest, Facts, Kind, Role};

use crate::client::Session;
use crate::server::{Answer, Server, address, free_port};
use crate::world::World;

/// The value of the entry at a path, with an object of these bytes.
fn entry(path: &str, object: &[u8]) -> Vec<u8> {
    let key = path.find("v1/").map_or(path, |start| &path[start..]);
    of(object).to_value(key)
}

/// The entry of an object of these bytes.
fn of(object: &[u8]) -> RemoteEntry {
    RemoteEntry {
        output: Digest::of(object),
        size: object.len() as u64,
        time: UNIX_EPOCH,
        kind: Kind::Other,
        role: Role::Unknown,
        facts: Facts::NONE,
        expires: None,
        producer: SessionId(1),
        stored: Stored::Inline(Body::of(object, 0).unwrap()),
    }
}

fn actions<const COUNT: usize>() -> [Digest; COUNT] {
    std::array::from_fn(|number| Digest::of(&number.to_le_bytes()))
}

fn not_found() -> Answer {
    Answer::With(404, "", Vec::new())
}

#[test]
fn a_tier_that_may_not_be_read_is_said_once_and_left_alone() {
    let world = World::new();
    let server = Server::start(|_| Answer::With(403, "", b"SECRET".to_vec()));
    for _ in 0..2 {
        let mut session = world.session_on(&[server.address()], &["main"]);
        assert_eq!(session.get(&Digest::of(b"first")), None);
        let before = server.requests();
        for action in actions::<10>() {
            assert_eq!(session.get(&action), None);
        }
        assert!(server.requests() <= before + 1, "the probe may follow");
        let (_, said) = session.close();
        let beginning = format!("cachewarden: warning[CW0703]: {}", server.address());
        assert!(said.starts_with(&beginning), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_service_that_asks_for_fewer_requests_is_asked_again_afterwards() {
    let world = World::new();
    let is_busy = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&is_busy);
    let server = Server::start(move |path| match path {
        path if path.ends_with("cachewarden-format") => not_found(),
        _ if seen.load(Ordering::SeqCst) => Answer::With(429, "Retry-After: 0\r\n", Vec::new()),
        _ => Answer::With(200, "", entry(path, b"object")),
    });
    let mut session = world.session_on(&[server.address()], &["main"]);
    let [first, second] = actions();
    assert_eq!(session.get(&first), None);
    is_busy.store(false, Ordering::SeqCst);
    assert_eq!(session.get(&second).expect("a hit").bytes, b"object");
    let (_, said) = session.close();
    let beginning = format!("cachewarden: warning[CW0708]: {}", server.address());
    assert!(said.starts_with(&beginning), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_service_that_is_away_is_said_once_and_later_processes_know_it() {
    let world = World::new();
    let port = free_port();
    let mut session = world.session_on(&[address(port)], &["main"]);
    for action in actions::<5>() {
        assert_eq!(session.get(&action), None);
    }
    let (_, said) = session.close();
    let beginning = format!(
        "cachewarden: warning[CW0706]: {}: the service",
        address(port)
    );
    assert!(said.starts_with(&beginning), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    // It is back, and nobody knows that yet.
    let server = Server::at(port, |path| match path.ends_with("cachewarden-format") {
        true => not_found(),
        false => Answer::With(200, "", entry(path, b"object")),
    });
    let mut session = world.session_on(&[address(port)], &["main"]);
    for action in actions::<5>() {
        assert_eq!(session.get(&action), None);
    }
    assert_eq!(session.close().1, "");
    assert_eq!(server.requests(), 0);

    // The time of the next probe has come.
    let tiers = world.store.folder().unwrap().join("tiers");
    let tier = fs::read_dir(tiers).unwrap().next().unwrap().unwrap();
    let state = tier.path().join("state");
    let open: serde_json::Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    let closed = serde_json::json!({"failures": open["failures"]});
    fs::write(&state, closed.to_string()).unwrap();
    let mut session = world.session_on(&[address(port)], &["main"]);
    let [action] = actions();
    while session.get(&action).is_none() {}
    session.close();

    // What is damaged is no state.
    fs::write(&state, "{").unwrap();
    let mut session = world.session_on(&[address(port)], &["main"]);
    assert!(session.get(&Digest::of(b"another")).is_some());
    session.close();
}

/// Origin: a reader who saw `2 errors` in the line of a tier, and nothing of what they were.
#[test]
fn errors_that_are_too_few_for_a_warning_are_said_with_v_each_kind_once() {
    let [failing, missing] = actions();
    let hex = failing.to_string();
    for (is_verbose, lines) in [(true, 1), (false, 0)] {
        let world = World::new();
        let hex = hex.clone();
        let server = Server::start(move |path| match path.contains(&hex) {
            true => Answer::With(500, "", Vec::new()),
            false => not_found(),
        });
        let tiers = world.tiers(&[server.address()]);
        let budget = Duration::from_secs(60);
        let mut session = Session::begin_with(&world.store, &tiers, &["main"], budget, is_verbose);
        for action in [failing, missing, failing, missing] {
            assert_eq!(session.get(&action), None);
        }
        let (_, said) = session.close();
        assert_eq!(
            said.matches("a request has failed: ").count(),
            lines,
            "{said}"
        );
        assert_eq!(said.contains(" misses, 2 errors"), is_verbose, "{said}");
        assert!(!said.contains("warning"), "{said}");
    }
}

#[test]
fn a_service_that_never_answers_costs_one_build_its_budget() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&asked);
    let server = Server::start(move |path| {
        // Each process asks for the format, in the background.
        let is_probe = path.ends_with("cachewarden-format");
        seen.fetch_add(usize::from(!is_probe), Ordering::SeqCst);
        Answer::Nothing
    });
    let tiers = world.tiers(&[server.address()]);
    let mut session = Session::begin(&world.store, &tiers, &["main"], DEFAULT_REMOTE_BUDGET);
    let began = SystemTime::now();
    assert!(session.get_all(&actions::<4>()).iter().all(Option::is_none));
    assert!(
        began.elapsed().unwrap() >= Duration::from_secs(1),
        "it was waited for"
    );
    let (_, said) = session.close();
    assert!(said.starts_with("cachewarden: warning[CW0701]"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let before = asked.load(Ordering::SeqCst);
    let mut session = world.session_on(&[server.address()], &["main"]);
    assert!(session.get_all(&actions::<4>()).iter().all(Option::is_none));
    assert_eq!(session.close().1, "");
    assert_eq!(asked.load(Ordering::SeqCst), before);
}

/// Origin: an attacker whose one object hung: all builds of a daemon lost the tier, and were not told.
#[test]
fn one_value_that_never_comes_takes_the_tier_from_no_other_session() {
    let world = World::new();
    let [hanging, other] = actions();
    let hex = hanging.to_string();
    let (probe, was_probed) = channel();
    let server = Server::start(move |path| match path {
        _ if path.contains(&hex) => Answer::Nothing,
        _ if path.ends_with("cachewarden-format") => {
            // The test may be over.
            let _ = probe.send(());
            not_found()
        }
        _ => Answer::With(200, "", entry(path, b"object")),
    });
    let tiers = world.tiers(&[server.address()]);
    let begin = || Session::begin(&world.store, &tiers, &["main"], DEFAULT_REMOTE_BUDGET);
    let mut session = begin();
    was_probed.recv().unwrap();
    assert_eq!(session.get(&hanging), None);
    // That of the breaker, once the session has left the tier.
    was_probed.recv().unwrap();
    let mut session = begin();
    while session.get(&other).is_none() {}
    assert_eq!(session.close().1, "");
}

/// Origin: what a session had asked went on until its end: 25 s of processor time, and gigabytes, after
/// the person was told that the tier is not asked any more.
#[test]
fn a_session_that_has_left_its_tiers_takes_nothing_more_from_them() {
    const SIZE: u64 = 1 << 30;
    let world = World::new();
    let (whether, is_taken) = channel();
    let server = Server::start(move |path| match path {
        _ if path.contains("v1/entries") => {
            let key = &path[path.find("v1/").unwrap()..];
            let large = RemoteEntry {
                size: SIZE,
                stored: Stored::Apart,
                ..of(b"large")
            };
            Answer::With(200, "", large.to_value(key))
        }
        _ if path.contains("v1/objects") => Answer::Long(SIZE + 1, whether.clone()),
        _ => not_found(),
    });
    let tiers = world.tiers(&[server.address()]);
    let mut session = Session::begin(&world.store, &tiers, &["main"], DEFAULT_REMOTE_BUDGET);
    assert_eq!(session.get(&Digest::of(b"large")), None);
    // The session goes on.
    let is_taken = is_taken.recv_timeout(Duration::from_secs(60));
    assert_eq!(
        is_taken,
        Ok(false),
        "all of it was taken, or it was not asked for"
    );
    let requests = server.requests();
    for action in actions::<10>() {
        assert_eq!(session.get(&action), None);
    }
    assert!(server.requests() <= requests + 1, "the probe may follow");
    let (_, said) = session.close();
    assert_eq!(said.matches("CW0701").count(), 1, "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Origin: one tenant's session with 32 gets of slow objects kept all others of a daemon from the tier.
#[test]
fn a_session_that_waits_for_many_answers_keeps_no_other_from_the_tier() {
    /// More than one session may have at once.
    const MANY: usize = 40;
    const OF_SESSION: usize = 32;
    let world = World::new();
    let (asked, was_asked) = channel();
    let server = Server::start(move |path| match path {
        _ if path.contains("v1/entries/slow") => {
            // The test may be over.
            let _ = asked.send(());
            Answer::Nothing
        }
        _ if path.contains("v1/entries/fast") => Answer::With(200, "", entry(path, b"object")),
        _ => not_found(),
    });
    let tiers = world.tiers(&[server.address()]);
    let ever = Duration::from_secs(600);
    let mut slow = Session::begin(&world.store, &tiers, &["slow"], ever);
    // It waits until the test is over.
    thread::spawn(move || slow.get_all(&actions::<MANY>()));
    for _ in 0..OF_SESSION {
        was_asked.recv().unwrap();
    }
    let mut fast = Session::begin(&world.store, &tiers, &["fast"], DEFAULT_REMOTE_BUDGET);
    for action in actions::<10>() {
        assert_eq!(fast.get(&action).expect("a hit").bytes, b"object");
    }
    assert_eq!(fast.close().1, "");
}

#[test]
fn a_service_that_fails_in_every_way_is_a_miss() {
    let answers: [fn() -> Answer; 4] = [
        || Answer::With(500, "", b"<html>internal error</html>".to_vec()),
        || Answer::With(200, "Content-Encoding: gzip\r\n", b"no gzip".to_vec()),
        || Answer::With(302, "Location: /elsewhere\r\n", Vec::new()),
        || Answer::With(999, "", Vec::new()),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let world = World::new();
        let server = Server::start(move |_| answer());
        let mut session = world.session_on(&[server.address()], &["main"]);
        for action in actions::<5>() {
            assert_eq!(session.get(&action), None, "{number}");
        }
        let (_, said) = session.close();
        assert!(said.lines().count() <= 2, "{number}: {said}");
    }
}
