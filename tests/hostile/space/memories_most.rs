//! Has so many memories of a page. Must: few are as good as one, and what they reserve of the process's addresses is bounded; more are a text that names the limit, and the build works without a cache.

use std::fs;

use crate::hostile::trial::Trial;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

/// What four memories reserve, 4 GiB each, and room for the program and their guards.
const MOST_ADDRESSES: u64 = 20 << 30;

pub(in crate::hostile) fn policy(memories: usize) -> Vec<u8> {
    let put = "(func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) (i32.const 2))";
    format!("(module {} {put})", "(memory 1)".repeat(memories)).into_bytes()
}

/// That a session with it has no more addresses than so many.
#[track_caller]
pub(super) fn reserves_little(trial: &Trial) {
    let mut helper = trial.sandbox.helper(&trial.arguments());
    helper.put(&asking(HIT, LOCAL, "any"), b"any").kept();
    let status = fs::read_to_string(format!("/proc/{}/status", helper.process())).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    let kibibytes: u64 = kibibytes.expect("a peak").parse().expect("a number");
    assert!(kibibytes << 10 < MOST_ADDRESSES, "{kibibytes} KiB");
    helper.close();
}
