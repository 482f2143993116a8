//! Locks that somebody else holds: a person is told who that is, and no build waits for one that
//! was stopped.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use crate::support::*;

/// Starts a verb that has to wait for this process; how it ends once it need not any more.
#[track_caller]
fn waits_for_this_process(sandbox: &Sandbox, verb: &[&str], lock: File) {
    let mut child = sandbox
        .cachewarden(verb)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("stderr"));
    let mut said = String::new();
    stderr.read_line(&mut said).expect("it says something");
    let this = format!("waiting for process {},", std::process::id());
    assert!(said.contains(&this), "{verb:?}: {said}");
    assert!(is_running(&mut child), "{verb:?}: {said}");
    drop(lock);
    stderr.read_to_string(&mut said).expect("it ends");
    assert!(child.wait().expect("it ends").success(), "{verb:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{verb:?}: {said}");
}

fn is_running(child: &mut Child) -> bool {
    child.try_wait().expect("it can be asked").is_none()
}

#[test]
fn whoever_waits_for_a_trimmer_says_for_which() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    for verb in [&["prune"][..], &["verify"], &["verify", "--repair"]] {
        let trimmer = File::open(sandbox.store().join("trim")).expect("the trimmer's memory");
        trimmer.lock().expect("nobody has it");
        waits_for_this_process(&sandbox, verb, trimmer);
        assert_eq!(sandbox.run(verb).succeeded().stderr, "");
    }
}

#[test]
fn whoever_is_stopped_while_it_writes_its_totals_stops_no_other_session() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    let lines = || std::fs::read_to_string(sandbox.store().join("sessions.jsonl")).expect("totals");
    let before = lines();
    let stopped = File::open(sandbox.store().join("sessions.jsonl")).expect("the totals");
    stopped.lock().expect("nobody has it");
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    assert_eq!(helper.close(), "", "its line is given up");
    assert_eq!(lines(), before);
    drop(stopped);
    sandbox.helper(&[]).close();
    assert_eq!(lines().lines().count(), 2);
}

#[test]
fn sessions_that_end_at_once_leave_a_whole_line_each() {
    const SESSIONS: usize = 24;
    let sandbox = Sandbox::new();
    let helpers: Vec<_> = (0..SESSIONS).map(|_| sandbox.helper(&[])).collect();
    let threads: Vec<_> = helpers
        .into_iter()
        .map(|helper| std::thread::spawn(move || helper.close()))
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("it closes"), "");
    }
    let text = std::fs::read_to_string(sandbox.store().join("sessions.jsonl")).expect("totals");
    assert_eq!(text.lines().count(), SESSIONS, "{text}");
    audit(&sandbox.store()).whole();
}
