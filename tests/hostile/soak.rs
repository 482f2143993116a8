//! The largest compile bombs, and policies made at random: a few of each every time, and for as
//! long as CACHEWARDEN_SOAK_MINUTES says where it is set.

use std::thread;
use std::time::{Duration, Instant};

use super::bounds::{checked, peak_memory};
use super::chance::Chance;
use super::compile::{
    custom_sections, deep_blocks, deep_text, giant_function, huge_br_table, many_functions,
    many_types, nested_components,
};
use super::parts;
use super::shape::{self, Counts, changed_at_random, random_bytes};
use crate::support::*;

/// Tries that are made each time.
const AT_LEAST: usize = 100;

/// What the compiler may take, and what it takes between two looks at it.
const MOST_MEMORY: u64 = 1536 << 20;

/// The texts of the two limits that a compiler meets.
const LIMITS: [&str; 2] = ["more than 1024 MiB of memory", "longer than 2m"];

/// The most memory that a process has had when it ended, or a moment before.
fn peak_until_its_end(process: u32) -> u64 {
    let mut most = 0;
    while let Some(peak) = peak_memory(process) {
        most = peak;
        if ends_within(process, Duration::from_millis(10)) {
            break;
        }
    }
    most
}

/// A bomb's name, and what makes it.
type Bomb = (&'static str, fn() -> Vec<u8>);

/// How long a soak lasts; none where nobody asked for one.
fn length() -> Option<Duration> {
    let minutes = std::env::var("CACHEWARDEN_SOAK_MINUTES").ok()?;
    let minutes: f64 = minutes
        .parse()
        .expect("CACHEWARDEN_SOAK_MINUTES: a number of minutes");
    Some(Duration::from_secs_f64(60.0 * minutes))
}

#[test]
fn random_policies_are_refused_or_work() {
    let began = Instant::now();
    let length = length().unwrap_or_default();
    let sandbox = Sandbox::new();
    let wholes = [
        parts::smallest(),
        component_for(CONTRACT_VERSION, parts::smallest(), shape::PUT),
        module("as-asked"),
        module("told"),
        wat::parse_file(policy("component")).expect("a right text"),
    ];
    let mut counts = Counts::default();
    let mut round = 0;
    while round < AT_LEAST || began.elapsed() < length {
        // Each round is a stream of its own, so that one can be tried again alone.
        let mut chance = Chance::new(1_000 + round as u64);
        let policy = match chance.below(4) {
            0 => random_bytes::policy(&mut chance),
            _ => changed_at_random::policy(&wholes[chance.below(wholes.len())], &mut chance),
        };
        shape::try_once(&sandbox, &policy, &mut counts);
        round += 1;
    }
    assert!(counts.refused > 0 && counts.started > 0, "{counts:?}");
    say(&format!(
        "counted: random policies refused {}, random policies at work {}",
        counts.refused, counts.started
    ));
}

#[test]
fn the_largest_bombs_are_refused_or_compiled() {
    // Each may take two minutes: only in a soak. Without one, the quickest of those that fill the
    // memory.
    let mut bombs: Vec<Bomb> = vec![
        ("100,000 nested components", || {
            nested_components::policy(100_000)
        }),
        ("65,000 targets, 100 times", || {
            huge_br_table::policy(100, 65_000)
        }),
    ];
    if length().is_some() {
        bombs.extend::<[Bomb; 6]>([
            ("999,000 functions", || many_functions::policy(999_000)),
            ("999,000 types", || many_types::policy(999_000)),
            ("a function of 7 MB", || giant_function::policy(2_900_000)),
            ("a million blocks", || deep_blocks::policy(1_000_000)),
            ("a million parentheses", || deep_text::policy(1_000_000)),
            ("47 MiB of custom sections", || custom_sections::policy(47)),
        ]);
    }
    for (name, bomb) in bombs {
        let sandbox = Sandbox::new();
        let path = text(sandbox.file("bomb.wasm", bomb()));
        let mut helper = sandbox.helper(&["--policy", &path]);
        let request = helper.send_put(&action("any"), b"any");
        let process = helper.process();
        let watch = thread::spawn(move || peak_until_its_end(process));
        let ending = helper.ending();
        let peak = watch.join().expect("a peak");
        assert!(peak < MOST_MEMORY, "{name}: {peak} bytes");
        let said = checked(&ending.stderr, 1, name);
        match ending.status.code() {
            Some(0) => assert!(ending.unanswered.is_empty(), "{name}: {ending:?}"),
            Some(2) => {
                assert_eq!(ending.unanswered, [request], "{name}: {ending:?}");
                let told = LIMITS.iter().any(|limit| said.contains(limit));
                assert!(told, "{name}: {ending:?}");
            }
            _ => panic!("{name}: {ending:?}"),
        }
        let (status, peak) = (ending.status, peak >> 20);
        say(&format!("{name}: {status}, {peak} MiB at the most"));
    }
}
