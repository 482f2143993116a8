//! A session beside a hostile one: it answers everything and comes to its end while the other still
//! keeps its process busy, and takes no more processor time for that than alone.

use std::time::Duration;

use super::compile::deep_blocks;
use crate::support::lookup::{HIT, LOOP};
use crate::support::reach::LOCAL;
use crate::support::*;

/// Requests of a session, of each kind.
const REQUESTS: usize = 300;

/// What processor time may differ by, on a machine on which others are at work: so many times, and
/// so much.
const TIMES: u32 = 3;
const APART: Duration = Duration::from_millis(500);

/// A whole session on the store of another one, from its start to its end; the processor time that
/// it took.
#[track_caller]
fn whole_session(sandbox: &Sandbox) -> Duration {
    let known = asking(HIT, LOCAL, "known");
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
    for number in 0..REQUESTS {
        assert_eq!(helper.get(&known).hit().bytes(), b"known");
        let name = format!("of the neighbour {number}");
        helper
            .put(&asking(HIT, LOCAL, &name), name.as_bytes())
            .kept();
    }
    let ending = helper.closed();
    assert_eq!(ending.stderr, "");
    ending.used.cpu
}

/// The same beside a session that is at something else all the time; alone it took so much.
#[track_caller]
fn whole_session_beside(sandbox: &Sandbox, alone: Duration) {
    let beside = whole_session(sandbox);
    assert!(
        beside < alone * TIMES + APART,
        "alone {alone:?}, beside it {beside:?}"
    );
}

#[test]
fn a_session_is_not_slowed_while_its_neighbours_policy_loops() {
    let sandbox = Sandbox::new();
    let (known, looping) = (asking(HIT, LOCAL, "known"), asking(LOOP, LOCAL, "loop"));
    sandbox.fill(&[], &[known, looping], b"known");
    let alone = whole_session(&sandbox);
    let mut hostile = sandbox.helper(&[
        "--policy",
        &policy("as-asked"),
        "--policy-deadline",
        "10min",
        "--policy-budget",
        "10min",
    ]);
    assert_eq!(
        hostile.get(&known).hit().bytes(),
        b"known",
        "its policy is at work"
    );
    let stuck = hostile.send_get(&looping);
    whole_session_beside(&sandbox, alone);
    assert!(!hostile.has_answered(stuck), "it still loops");
}

#[test]
fn a_session_is_not_slowed_while_its_neighbours_policy_is_compiled() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[asking(HIT, LOCAL, "known")], b"known");
    let alone = whole_session(&sandbox);
    let bomb = text(sandbox.file("bomb.wasm", deep_blocks::policy(200_000)));
    let mut hostile = sandbox.helper(&["--policy", &bomb]);
    let stuck = hostile.send_get(&action("any"));
    hostile.has_said("compiling the policy");
    whole_session_beside(&sandbox, alone);
    assert!(
        !hostile.has_answered(stuck) && hostile.is_running(),
        "it is still being compiled"
    );
}
