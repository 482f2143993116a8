//! What a request costs, and a start, counted in what noise does not touch: system calls,
//! allocations, bytes, wake-ups, and the size of the program.
//!
//! Each bound is what docs/performance.md has in its budget, and a little for what comes once in
//! many requests. A count that grows is a cost that every build pays; one that shrinks is a reason
//! to lower the bound and the budget.

mod allocations;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod size;
mod system_calls;

use std::fs;

use crate::support::*;

/// Requests of a short and of a long run; what they differ by is what the requests between cost.
const RUNS: [usize; 2] = [100, 400];

/// The cost of one request, given that of both runs.
fn of_one(counts: [usize; 2]) -> f64 {
    (counts[1] as f64 - counts[0] as f64) / (RUNS[1] - RUNS[0]) as f64
}

fn numbered(number: usize) -> Digest {
    action(&number.to_string())
}

/// What the numbered object holds: 300 bytes, as the median object of a build has.
fn body(number: usize) -> Vec<u8> {
    format!("{number:0300}").into_bytes()
}

/// A store that holds as many objects as the long run asks for, and has all its folders.
fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    for number in 0..RUNS[1] {
        helper.put(&numbered(number), &body(number)).kept();
    }
    helper.close();
    for bucket in 0..256 {
        for folder in ["objects", "scopes/default"] {
            let folder = sandbox.store().join(folder).join(format!("{bucket:02x}"));
            fs::create_dir_all(folder).expect("a bucket");
        }
    }
    sandbox
}

/// A store that a build has warmed: what is asked for was found in it before, and is remembered.
fn warm() -> Sandbox {
    let sandbox = filled();
    let_settle(&sandbox.store(), "default");
    let mut helper = sandbox.helper(&[]);
    for number in 0..RUNS[1] {
        helper.get(&numbered(number)).hit();
    }
    helper.close();
    sandbox
}

/// Gets of what is there, as one stream. All runs ask for the same: a bucket is looked at once,
/// however many are asked for.
fn gets(count: usize) -> Vec<u8> {
    let message = |number| get_message(number as u64 + 1, &numbered(number % RUNS[0]));
    let messages = (0..count).map(message);
    messages.collect::<String>().into_bytes()
}

/// Puts of what nobody has yet, as one stream.
fn puts(count: usize) -> Vec<u8> {
    let messages = (0..count).map(|number| {
        let (number, id) = (number + 1_000_000, number as u64 + 1);
        put_message(id, &numbered(number), &sha256(&body(number)), &body(number))
    });
    messages.collect::<String>().into_bytes()
}

#[test]
fn bytes_go_in_and_out_once() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("first"), b"first").kept();
    let size = 8 << 20;
    let body: Vec<u8> = (0..size)
        .map(|number: u32| number.to_le_bytes()[2])
        .collect();
    let before = moved(&helper);
    helper.put(&action("large"), &body).kept();
    let after = moved(&helper);
    // The request, the answer, the entry; what is encoded has four bytes for three.
    let beside = 4096;
    assert!(after.0 - before.0 <= body.len() as u64 / 3 * 4 + beside);
    assert!(after.1 - before.1 <= body.len() as u64 + beside);
    helper.close();
}

/// Bytes that a helper has read and written so far, whatever from and to.
fn moved(helper: &Helper) -> (u64, u64) {
    let file = format!("/proc/{}/io", helper.process());
    let text = fs::read_to_string(&file).expect("what it has moved");
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("the field").trim().parse().expect("a number")
    };
    (field("rchar:"), field("wchar:"))
}

#[test]
fn a_get_wakes_one_thread_once() {
    let sandbox = filled();
    let mut helper = sandbox.helper(&[]);
    helper.get(&numbered(0)).hit();
    let before = waits(&helper);
    for number in 0..RUNS[0] {
        helper.get(&numbered(number)).hit();
    }
    let waited = waits(&helper) - before;
    assert!(waited <= RUNS[0] as u64 + 2, "{waited} waits");
    helper.close();
}

/// How often the threads of a helper have waited so far.
fn waits(helper: &Helper) -> u64 {
    let threads = fs::read_dir(format!("/proc/{}/task", helper.process())).expect("its threads");
    threads
        .map(|thread| {
            let status = thread.expect("a thread").path().join("status");
            let status = fs::read_to_string(status).expect("its status");
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let count: u64 = line.expect("the field").trim().parse().expect("a number");
            count
        })
        .sum()
}
