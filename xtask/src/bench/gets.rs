//! Measures gets over the protocol, without go.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::{Unit, median};
use super::subject::{BASELINE, Caches, OURS, Subject};
use super::target::Bound;
use super::wire::{self, Client, Requests};

/// Gets of a pipelined round, which takes about half a second.
const PIPELINED: usize = 50_000;

/// Gets of a round that are sent one at a time.
const SINGLE: usize = 2_000;

/// Measures gets that hit.
pub(super) fn measure(
    bench: &BenchEnv,
    helpers: &[Subject],
    caches: &Caches,
    actions: &[String],
    rounds: usize,
) -> Result<Section> {
    println!("gets: {rounds} rounds");
    let mut requests = Requests::default();
    for action in actions.iter().cycle().take(PIPELINED) {
        requests.get(action);
    }
    let pipelined = take_turns(rounds, helpers, |subject| {
        let client = Client::ready(bench.command(subject, caches.of(subject)?, &[])?)?;
        let time = client.pipeline(&requests)?;
        Ok(PIPELINED as f64 / time.as_secs_f64())
    })?;
    let single = take_turns(rounds, helpers, |subject| {
        let _bound = OneProcessor::bind()?;
        let client = Client::ready(bench.command(subject, caches.of(subject)?, &[])?)?;
        one_at_a_time(client, actions)
    })?;
    Ok(Section {
        title: "Gets that hit",
        note: "\
The requests of go, without go: 50,000 as fast as the helper takes them, and 2,000 one at a time,
each after the answer to the one before (the median of these). For these, both programs are bound to one
processor. Otherwise one program wakes the other on the same processor or on another, which takes
40 us instead of 6, for every helper, and which of the two happens changes with each start. Memory
is the highest use of the helper up to the last of them: a warm `go build std` sends some thousand.
",
        columns: helpers.iter().map(|helper| helper.name()).collect(),
        judged: &OURS,
        rows: vec![
            Row {
                what: "pipelined".to_owned(),
                target: &[Bound::Least(200_000.0)],
                unit: Unit::PerSecond,
                samples: pipelined,
            },
            Row {
                what: "one at a time, each".to_owned(),
                target: &[Bound::MostTimes(1.25, BASELINE)],
                unit: Unit::Microseconds,
                samples: column(&single, |single| single.microseconds),
            },
            Row {
                what: "memory of the helper".to_owned(),
                target: &[Bound::Most(16.0)],
                unit: Unit::Megabytes,
                samples: column(&single, |single| single.megabytes),
            },
        ],
    })
}

/// The result of gets that were sent one at a time.
struct Single {
    /// The median time of a get.
    microseconds: f64,
    /// The peak memory of the helper.
    megabytes: f64,
}

fn column(samples: &[Vec<Single>], figure: fn(&Single) -> f64) -> Vec<Vec<f64>> {
    samples
        .iter()
        .map(|column| column.iter().map(figure).collect())
        .collect()
}

/// Binds this thread, and the processes that it starts meanwhile, to the first processor that it
/// may use.
struct OneProcessor {
    before: CpuSet,
}

impl OneProcessor {
    fn bind() -> Result<OneProcessor> {
        let before = sched_getaffinity(None)?;
        let mut first = CpuSet::new();
        let number = (0..CpuSet::MAX_CPU).find(|number| before.is_set(*number));
        first.set(number.context("this process may use no processor")?);
        sched_setaffinity(None, &first)?;
        Ok(OneProcessor { before })
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        // This set was allowed before.
        let _ = sched_setaffinity(None, &self.before);
    }
}

fn one_at_a_time(mut client: Client, actions: &[String]) -> Result<Single> {
    let mut times = Vec::new();
    for (index, action) in actions.iter().cycle().take(SINGLE).enumerate() {
        let request = wire::get(index + 1, action);
        let started = Instant::now();
        let answer = client.ask(request.as_bytes())?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
        ensure!(answer.contains("DiskPath"), "not a hit: {answer}");
    }
    let megabytes = client.peak_memory()? as f64 / 1e6;
    client.finish()?;
    Ok(Single {
        microseconds: median(&times),
        megabytes,
    })
}
