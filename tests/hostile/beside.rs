//! A session beside a hostile one: it comes to its end while the other still keeps its process busy.

use super::compile::deep_blocks;
use crate::support::lookup::{HIT, LOOP};
use crate::support::reach::LOCAL;
use crate::support::*;

/// A whole session on the store of another one, from its start to its end.
#[track_caller]
fn whole_session(sandbox: &Sandbox) {
    let known = asking(HIT, LOCAL, "known");
    let mut helper = sandbox.helper(&["--policy", &policy("as-asked")]);
    assert_eq!(helper.get(&known).hit().bytes(), b"known");
    helper
        .put(&asking(HIT, LOCAL, "of the neighbour"), b"new")
        .kept();
    assert_eq!(helper.close(), "");
}

#[test]
fn a_session_ends_while_its_neighbours_policy_loops() {
    let sandbox = Sandbox::new();
    let (known, looping) = (asking(HIT, LOCAL, "known"), asking(LOOP, LOCAL, "loop"));
    sandbox.fill(&[], &[known, looping], b"known");
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
    whole_session(&sandbox);
    assert!(!hostile.has_answered(stuck), "it still loops");
}

#[test]
fn a_session_ends_while_its_neighbours_policy_is_compiled() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[asking(HIT, LOCAL, "known")], b"known");
    let bomb = text(sandbox.file("bomb.wasm", deep_blocks::policy(200_000)));
    let mut hostile = sandbox.helper(&["--policy", &bomb]);
    let stuck = hostile.send_get(&action("any"));
    hostile.has_said("compiling the policy");
    whole_session(&sandbox);
    assert!(
        !hostile.has_answered(stuck) && hostile.is_running(),
        "it is still being compiled"
    );
}
