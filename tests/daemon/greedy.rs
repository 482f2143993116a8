//! Jobs that want more than their share: of the daemon's memory, of its threads, of its disk.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use super::place::{Way, through_a_daemon};
use super::resources::Resources;
use super::world::*;
use crate::support::*;

through_a_daemon! {
    a_reader_that_stops_reading_and_goes_is_an_end
}

fn a_reader_that_stops_reading_and_goes_is_an_end(way: Way) {
    // A path that is almost as long as a path may be is in every answer.
    let deep = vec!["x".repeat(250); 14].join("/");
    let place = way.place_in(&deep);
    let mut helper = place.helper();
    helper.put(&action("known"), b"known").kept();
    helper.close();
    let mut child = place
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("stdin");
    let unread = child.stdout.take().expect("stdout");
    let many = get_message(1, &action("known")).repeat(1000);
    let server = place.server_of(child.id());
    let before = peak_memory(server);
    // More answers than the 32 MiB that a session holds back.
    for _ in 0..10 {
        input.write_all(many.as_bytes()).expect("it listens");
    }
    drop(unread);
    while input.write_all(many.as_bytes()).is_ok() {}
    let grown = peak_memory_since(before, server);
    assert!(grown < 64 * 1024, "{grown} KiB");
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    audit(&place.store()).whole();
}

/// A daemon with a tenant for this test's own user, which brings policies, and one for another.
fn world(quota: &str) -> World {
    World::with(&format!(
        "[[tenant]]\nname = \"greedy\"\nmatch = {{ \"peer.uid\" = \"0\" }}\nwrite = [\"greedy\"]\nread = [\"greedy\"]\nown-policy = true\n[tenant.quota]\n{quota}\n[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{MAIN}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n"
    ))
}

/// A session of another tenant, from its start to its end.
#[track_caller]
fn honest(world: &World, name: &str) {
    let mut helper = world.helper(MAIN, &[]);
    helper.put(&action(name), name.as_bytes()).kept();
    assert_eq!(helper.get(&action(name)).hit().bytes(), name.as_bytes());
    assert_eq!(helper.close(), "");
}

/// Sends a hello and reads the answer: its type, and its JSON.
pub(super) fn greet(world: &World, hello: &serde_json::Value) -> (UnixStream, u8, String) {
    let mut socket = UnixStream::connect(world.socket()).expect("a daemon");
    let hello = hello.to_string();
    let length = u32::try_from(hello.len()).expect("a short hello");
    socket.write_all(&length.to_le_bytes()).expect("a daemon");
    socket.write_all(hello.as_bytes()).expect("a daemon");
    let mut head = [0; 5];
    socket.read_exact(&mut head).expect("an answer");
    let [kind, length @ ..] = head;
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut body).expect("an answer");
    (socket, kind, String::from_utf8(body).expect("JSON"))
}

const ACCEPTED: u8 = 1;

#[test]
fn two_hundred_sessions_at_once_keep_nobody_else_out() {
    if !is_root() {
        return;
    }
    let world = world("sessions-per-user = 100");
    honest(&world, "before");
    let before = Resources::of(world.process());
    let hello = json!({"version": 1, "want": "session"});
    let all: Vec<_> = (0..200).map(|_| greet(&world, &hello)).collect();
    let accepted = all.iter().filter(|(_, kind, _)| *kind == ACCEPTED);
    assert_eq!(accepted.count(), 100, "as many as a tenant may by default");
    let refused = all.iter().filter(|(_, kind, _)| *kind != ACCEPTED);
    for (_, _, text) in refused {
        assert!(text.contains("quota.sessions"), "{text}");
    }
    honest(&world, "beside");
    drop(all);
    world.wait_for_the_end_of_sessions();
    before.are_what_they_were(world.process(), 0, 16 << 10);
    let (_socket, kind, text) = greet(&world, &hello);
    assert_eq!(kind, ACCEPTED, "the places are free: {text}");
}

#[test]
fn policies_that_are_announced_or_half_sent_take_bounded_memory() {
    if !is_root() {
        return;
    }
    let world = world("");
    honest(&world, "before");
    let memory = || Resources::of(world.process()).memory;
    let before = memory();
    let hello = |mebibytes: u64| {
        let policy = json!({"size": mebibytes << 20, "sha256": "0".repeat(64)});
        json!({"version": 1, "want": "session", "policy": policy})
    };
    // More than a policy may have is refused.
    let (mut socket, _, text) = greet(&world, &hello(49));
    let mut rest = String::new();
    let _ = socket.read_to_string(&mut rest);
    assert!(
        format!("{text}{rest}").contains("larger than a policy may be"),
        "{text} {rest}"
    );
    // Nothing comes of what is announced.
    let silent: Vec<_> = (0..5).map(|_| greet(&world, &hello(48))).collect();
    honest(&world, "beside the silent");
    let grown = memory().saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} KiB");
    drop(silent);
    world.wait_for_the_end_of_sessions();
    // All but its last byte comes. The kernel holds what the daemon has not read.
    let part = vec![b'x'; 1 << 20];
    let sent: Vec<_> = (0..40)
        .filter_map(|_| {
            let (mut socket, kind, _) = greet(&world, &hello(17));
            (0..16).try_for_each(|_| socket.write_all(&part)).ok()?;
            (kind == ACCEPTED).then_some(socket)
        })
        .collect();
    honest(&world, "beside the half sent");
    let grown = memory().saturating_sub(before);
    assert!(grown < 300 << 10, "{grown} KiB for {}", sent.len());
    drop(sent);
    world.wait_for_the_end_of_sessions();
}

#[test]
fn a_policy_as_large_as_may_be_is_taken_and_its_memory_given_back() {
    if !is_root() {
        return;
    }
    let world = world("");
    let policy = crate::hostile::all::largest();
    let path = text(world.sandbox.file("large.wasm", policy));
    let session = |round: u8| {
        let mut helper = world.helper(0, &["--policy", &path]);
        helper.put(&action("one"), &[round]).kept();
        assert_eq!(helper.close(), "");
        world.wait_for_the_end_of_sessions();
    };
    session(0);
    let before = Resources::of(world.process());
    (1..4).for_each(session);
    before.are_what_they_were(world.process(), 8, 64 << 10);
}

#[test]
fn a_job_that_fills_its_quota_fills_nothing_of_anybody_else() {
    if !is_root() {
        return;
    }
    let world = world("bytes = \"64KiB\"\nunkept-bytes = \"256KiB\"");
    let mut greedy = world.helper(0, &[]);
    let body = |number: u32| [&number.to_le_bytes()[..], &[7; 5000]].concat();
    let name = |number: u32| action(&format!("greedy {number}"));
    let answers: Vec<_> = (0..200)
        .map(|number| {
            let id = greedy.send_put(&name(number), &body(number));
            greedy.answer(id)
        })
        .collect();
    // First what is kept, then what is the session's own, then nothing.
    let full = answers.into_iter().skip(100);
    for answer in full {
        assert!(answer.error().contains("quota.unkept-bytes"));
    }
    assert_eq!(greedy.get(&name(0)).hit().bytes(), body(0), "gets go on");
    honest(&world, "beside");
    greedy.signal(Signal::KILL);
    drop(greedy);
    world.wait_for_the_end_of_sessions();
    assert!(entries_of(&world, "greedy") <= 13);
    assert_eq!(entries_of(&world, "main"), 1);
    let objects = files_below(&world.store().join("objects"));
    assert!(objects.len() < 100, "{}", objects.len());
}

/// A file takes a block and an inode, however few bytes it has.
#[test]
fn objects_of_a_byte_fill_a_quota_too() {
    if !is_root() {
        return;
    }
    let world = world("entries = 0\nunkept-bytes = \"64KiB\"");
    let mut greedy = world.helper(0, &[]);
    for number in 0..200_u8 {
        let id = greedy.send_put(&action(&number.to_string()), &[number]);
        let answer = greedy.answer(id);
        match number {
            // Each counts as much as the least entry: 1 KiB.
            64.. => drop(answer.error()),
            _ => drop(answer.kept()),
        }
    }
    greedy.close();
    assert_eq!(files_below(&world.store().join("objects")).len(), 64);
}

fn entries_of(world: &World, tenant: &str) -> usize {
    entries(&world.store(), tenant).len()
}
