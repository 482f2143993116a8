//! Random sequences of sessions, gets, puts, trims and crashes, held against a model in memory:
//! what was answered as kept is there until it is trimmed, no answer is wrong, and no scope sees
//! what is another's.
//!
//! A sequence that fails is made as short as it can be, and shown as it stands in [`KEPT`].

mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::*;
use world::World;

/// One step; a step of a session that is not there is none.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A session begins: 0 writes and reads `main`, 1 `Main`; 2 writes `pr-1` and reads `pr-1` and
    /// `main`.
    Open(usize, usize),
    Get(usize, u8),
    Put(usize, u8, usize),
    /// A put whose body ends in the middle.
    GiveUp(usize, u8, usize),
    /// A put of other bytes than it names.
    Lie(usize, u8, usize),
    Close(usize),
    Kill(usize),
    /// Ten days go by in which nothing is used.
    Age,
    Prune,
    PruneAll,
    PruneScope(usize),
    /// Somebody removes an object.
    Lose(usize),
    /// The machine crashes and starts again. An object has lost its bytes, or its end.
    Blank(usize),
    Cut(usize),
    /// Or an entry has: one of a scope, of an action.
    Tear(usize, u8),
}

/// Sequences that found a fault: in this program, or in one that was broken on purpose to see it
/// found.
const KEPT: &[&[Step]] = &[
    // An object that was not hashed again after a crash.
    &[
        Step::Open(0, 0),
        Step::Put(0, 0, 1),
        Step::Blank(1),
        Step::Open(0, 0),
        Step::Get(0, 0),
    ],
    // An object that its own session asked for when it looked unused.
    &[
        Step::Open(2, 1),
        Step::Put(2, 1, 0),
        Step::Age,
        Step::Get(2, 1),
        Step::Prune,
    ],
];

const SCOPES: [&str; 3] = ["main", "Main", "pr-1"];

/// Their folders, by the documented layout.
const FOLDERS: [&str; 3] = ["main", "!main", "pr-1"];

const SIZES: [usize; 4] = [0, 1, 5_000, 200_000];

const SESSIONS: usize = 3;
const ACTIONS: u8 = 3;

#[test]
fn sequences_that_failed_once_fail_no_more() {
    for steps in KEPT {
        World::run(steps);
    }
}

#[test]
fn the_store_does_what_its_model_says() {
    rounds("sequences tried", 30, |round| {
        let steps: Vec<_> = (0..round.chance.usize(10..120))
            .map(|_| step(&mut round.chance))
            .collect();
        round.count("steps taken", steps.len());
        if fails(&steps) {
            panic!(
                "as the last words above say; to be kept: {:?}",
                shrunk(steps)
            );
        }
    });
}

fn step(chance: &mut fastrand::Rng) -> Step {
    let (slot, action, body) = (
        chance.usize(..SESSIONS),
        chance.u8(..ACTIONS),
        chance.usize(..SIZES.len()),
    );
    let scope = chance.usize(..SCOPES.len());
    match chance.u8(..48) {
        0..8 => Step::Open(slot, scope),
        8..22 => Step::Get(slot, action),
        22..32 => Step::Put(slot, action, body),
        32 => Step::GiveUp(slot, action, body),
        33 => Step::Lie(slot, action, body),
        34 => Step::Close(slot),
        35 => Step::Kill(slot),
        36..38 => Step::Age,
        38 => Step::Prune,
        39 => Step::PruneAll,
        40 => Step::PruneScope(scope),
        41 => Step::Lose(body),
        42..45 => Step::Blank(body),
        45..47 => Step::Cut(body),
        _ => Step::Tear(scope, action),
    }
}

fn fails(steps: &[Step]) -> bool {
    catch_unwind(AssertUnwindSafe(|| World::run(steps))).is_err()
}

/// Leaves out every step without which it fails as well.
fn shrunk(mut steps: Vec<Step>) -> Vec<Step> {
    let mut length = steps.len().div_ceil(2);
    while length > 0 {
        let mut start = 0;
        while start < steps.len() {
            let end = (start + length).min(steps.len());
            let fewer = [&steps[..start], &steps[end..]].concat();
            if fails(&fewer) {
                steps = fewer;
            } else {
                start = end;
            }
        }
        length /= 2;
    }
    steps
}
