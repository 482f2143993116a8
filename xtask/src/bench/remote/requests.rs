//! How many requests a fresh machine makes, and how many of them wait for each other.

use anyhow::{Context, Result};

use super::counter::Counter;
use super::{COMMANDS, LATENCIES, Tier};
use crate::bench::report::{Row, Section};
use crate::bench::samples::Unit;
use crate::bench::target::Bound;

/// The most round trips one after another.
const MOST: f64 = 12.0;

const ALL: &str = "requests";
const CHAIN: &str = "one after another";
const ROUND_TRIPS: &str = "time of all, in round trips";

const NOTE: &str = "\
What a fresh machine asks of the tier, as a proxy between the machine and the slow network counts it.
*One after another* is the longest chain of requests of which each began after the one before was
answered; a request counts even if it did not wait for that answer but for the compiler. *Time of
all, in round trips* is the time of the whole command divided by the latency.
";

/// Counts requests.
pub(super) fn measure(tier: &Tier<'_>, rounds: usize) -> Result<Section> {
    let mut rows = Vec::new();
    for latency in LATENCIES {
        let network = tier.at(latency);
        let behind = network.socket().context("a slow network has a proxy")?;
        let counter = Counter::before(behind)?;
        let network = network.through(tier.server, tier.prefix, counter.socket);
        for command in COMMANDS {
            let what = format!("{}, {latency} ms", command.name());
            println!("requests, {what}: {rounds} rounds");
            let mut samples = vec![Vec::new(); 3];
            for _ in 0..rounds {
                counter.take();
                let (seconds, _) = tier.fresh(command, &network)?;
                let requests = counter.take();
                samples[0].push(requests.count as f64);
                samples[1].push(requests.chain as f64);
                samples[2].push(seconds * 1000.0 / f64::from(latency));
            }
            rows.push(Row {
                what,
                target: &[Bound::Most(MOST)],
                unit: Unit::Count,
                samples,
            });
        }
    }
    Ok(Section {
        title: "Requests of fresh machines",
        note: NOTE,
        columns: vec![ALL, CHAIN, ROUND_TRIPS],
        judged: &[CHAIN],
        rows,
    })
}
