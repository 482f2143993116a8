//! Randomised tests: where their chance comes from, how long they go on, and what they came to.
//!
//! A test has a fixed number of rounds; `CACHEWARDEN_SOAK_MINUTES` lets it go on for so long
//! instead. Each round has a seed of its own, which is told when the round fails:
//! `CACHEWARDEN_SEED` runs that one round again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// One round's chance, and what is counted in it.
pub(crate) struct Round<'test> {
    pub(crate) chance: fastrand::Rng,
    counts: &'test mut BTreeMap<&'static str, usize>,
}

impl Round<'_> {
    /// Adds to what the test came to.
    pub(crate) fn count(&mut self, what: &'static str, number: usize) {
        *self.counts.entry(what).or_default() += number;
    }
}

/// Runs a test's rounds, and says on stderr what they came to: `counted: WHAT NUMBER, ...`.
#[track_caller]
pub(crate) fn rounds(what: &'static str, ordinary: usize, mut run: impl FnMut(&mut Round)) {
    let began = Instant::now();
    let soak = variable("CACHEWARDEN_SOAK_MINUTES", |text| text.parse::<f64>().ok())
        .map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    let only = variable("CACHEWARDEN_SEED", |text| {
        u64::from_str_radix(text, 16).ok()
    });
    let mut counts = BTreeMap::new();
    loop {
        let seed = only.unwrap_or_else(|| fastrand::u64(..));
        let told = ToldOnFailure { what, seed };
        run(&mut Round {
            chance: fastrand::Rng::with_seed(seed),
            counts: &mut counts,
        });
        std::mem::forget(told);
        let done = counts.entry(what).or_default();
        *done += 1;
        let enough = soak.map_or(*done >= ordinary, |minutes| began.elapsed() >= minutes);
        if enough || only.is_some() {
            break;
        }
    }
    let counts: Vec<_> = counts
        .into_iter()
        .map(|(what, number)| format!("{what} {number}"))
        .collect();
    say(&format!("counted: {}", counts.join(", ")));
}

#[track_caller]
fn variable<Value>(name: &str, parse: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let text = std::env::var(name).ok()?;
    Some(parse(&text).unwrap_or_else(|| panic!("{name} cannot be `{text}`")))
}

/// A round that ends without being forgotten has failed.
struct ToldOnFailure {
    what: &'static str,
    seed: u64,
}

impl Drop for ToldOnFailure {
    fn drop(&mut self) {
        let Self { what, seed } = self;
        say(&format!(
            "{what}: this round failed; run it again with CACHEWARDEN_SEED={seed:x}"
        ));
    }
}

/// Past the test runner, which shows the output of tests that failed only.
pub(crate) fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
