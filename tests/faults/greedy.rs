//! The other side wants more than its share of memory: it does not read what it is answered, or
//! puts without an end.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

/// The program with a $GOCACHE whose path is almost as long as a path may be, and with it every
/// answer that has one.
fn with_long_paths(sandbox: &Sandbox) -> Command {
    let gocache = sandbox.folder(&["gocache".to_owned(), "x".repeat(250)].join("/"));
    let gocache = (0..13).fold(gocache, |path, _| path.join("x".repeat(250)));
    fs::create_dir_all(&gocache).expect("a deep folder");
    let mut command = sandbox.cachewarden(&[]);
    command.env("GOCACHE", gocache);
    command
}

#[test]
fn a_reader_that_stops_reading_and_goes_is_an_end() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    let mut child = with_long_paths(&sandbox)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("stdin");
    let unread = child.stdout.take().expect("stdout");
    let many = get_message(1, &action("known")).repeat(1000);
    // Answers of more than 3,500 bytes each: more than the 32 MiB that it promises to hold back,
    // and the rest of the requests fits into its pipe. It stops reading in its turn ...
    for _ in 0..10 {
        input.write_all(many.as_bytes()).expect("it listens");
    }
    let memory = peak_memory(child.id());
    assert!(memory < 64 * 1024, "{memory} KiB");
    drop(unread);
    // ... until it learns that nobody listens.
    while input.write_all(many.as_bytes()).is_ok() {}
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    audit(&sandbox.store()).whole();
}

#[test]
fn puts_without_an_end_are_all_kept_and_noted_in_bounded_memory() {
    // At some 96 bytes a note, more than 16 MiB.
    const PUTS: usize = 180_000;
    for writes in [false, true] {
        let sandbox = Sandbox::new();
        let scopes = if writes { "default" } else { "another" };
        let mut helper = sandbox.helper(&["--allow-write", scopes]);
        let name = |number: usize| action(&format!("put {number}"));
        let puts: Vec<_> = (0..PUTS)
            .map(|number| helper.send_put(&name(number), b""))
            .collect();
        for id in puts {
            helper.answer(id).kept();
        }
        assert_eq!(helper.get(&name(0)).hit().size, 0);
        let last = helper.get(&name(PUTS - 1));
        match writes {
            // What this session has written is found as what any other has.
            true => assert_eq!(last.hit().size, 0),
            false => last.miss(),
        }
        let said = helper.close();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains("puts more than one session keeps note of"),
            "{said}"
        );
    }
}
