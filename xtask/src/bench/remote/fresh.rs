//! Fresh machines beside a machine whose own store has everything, and beside one that downloads
//! all of a GOCACHE as one file.

use anyhow::{Context, Result, ensure};

use super::commands::{BUILD, GoCommand, TESTS, TESTS_RUN};
use super::network::Network;
use super::tar::Tar;
use super::{BYTES_PER_SECOND, COMMANDS, FRESH, LATENCIES, Tier};
use crate::bench::report::{Row, Section, take_turns};
use crate::bench::samples::Unit;
use crate::bench::subject::Cache;
use crate::bench::target::Bound;

/// The columns.
const LOCAL: &str = "warm store";
const BOUND: &str = "what it may take";
const TAR: &str = "one tar of GOCACHE";

/// How many times the time of a warm store a fresh machine may take at each latency, besides the
/// time of the bytes.
const TIMES: [f64; LATENCIES.len()] = [1.5, 2.0, 3.0];

/// The commands.
const ROWS: [&GoCommand; 3] = [&BUILD, &TESTS_RUN, &TESTS];

const NOTE: &str = "\
A machine whose store is empty builds from a tier on SeaweedFS, which another machine has filled. The
network to it has a bandwidth of 1 Gbit/s and the latency of the row (toxiproxy). *What it may take*
is the time with a warm store, times 1.5, 2 or 3 by the latency, and the time that the bytes take,
which the machine has fetched. *One tar of GOCACHE* is downloaded from the same server, unpacked
(zstd), and used by cmd/go alone. With `-count=1` every machine runs its tests. The results of tests
stay on the machine that has run them by default. With the policy `shared-tests` they travel, so no
machine runs a test; the fresh machine also compiles the policy, once.
";

/// Measures all of it, beside machines of an older commit where there is one.
pub(super) fn measure(tier: &Tier<'_>, older: Option<&Tier<'_>>, rounds: usize) -> Result<Section> {
    let tar = Tar::of(tier.bench, tier.server, &COMMANDS)?;
    tier.bench.sync()?;
    // The current one is the last: its column is judged, and compared with what is on its left.
    let tiers: Vec<_> = older.into_iter().chain([tier]).collect();
    let mut rows = Vec::new();
    for (latency, times) in LATENCIES.into_iter().zip(TIMES) {
        let networks: Vec<_> = tiers.iter().map(|tier| tier.at(latency)).collect();
        let ways: Vec<_> = tiers.iter().copied().zip(&networks).collect();
        for command in ROWS {
            rows.push(row(&ways, command, &tar, times, rounds)?);
        }
    }
    let older = older.map(|older| older.subject.name());
    Ok(Section {
        title: "Fresh machines with a remote tier",
        note: NOTE,
        columns: [LOCAL, BOUND]
            .into_iter()
            .chain(older)
            .chain([FRESH, TAR])
            .collect(),
        judged: &[FRESH],
        rows,
    })
}

#[derive(Clone, Copy)]
enum Machine {
    Warm,
    /// With this one of the tiers.
    Fresh(usize),
    Tar,
}

/// A row whose fresh machines have these tiers, each through its network. The last is the current one.
fn row(
    ways: &[(&Tier<'_>, &Network)],
    command: &GoCommand,
    tar: &Tar,
    times: f64,
    rounds: usize,
) -> Result<Row> {
    let (current, (tier, network)) = ways
        .iter()
        .enumerate()
        .next_back()
        .context("the current tier")?;
    let what = format!("{}, {} ms", command.name(), network.latency);
    println!("fresh machine, {what}: {rounds} rounds");
    let mut bytes = Vec::new();
    let mut machines = vec![Machine::Warm];
    machines.extend((0..ways.len()).map(Machine::Fresh));
    machines.push(Machine::Tar);
    let mut samples = take_turns(rounds, &machines, |machine| match machine {
        Machine::Warm => Ok(tier.build(command, &tier.warm, None)?.0),
        Machine::Fresh(way) => {
            let (tier, network) = ways[way];
            let (seconds, fetched) = tier.fresh(command, network)?;
            if way == current {
                bytes.push(fetched);
            }
            Ok(seconds)
        }
        Machine::Tar => tar.build(tier.bench, command.workload, network),
    })?;
    let most = samples[0].iter().zip(&bytes);
    let most = most.map(|(local, bytes)| local * times + *bytes as f64 / BYTES_PER_SECOND);
    let most = most.collect();
    samples.insert(1, most);
    Ok(Row {
        what,
        target: &[Bound::MostTimes(1.0, BOUND)],
        unit: Unit::Seconds,
        samples,
    })
}

impl Tier<'_> {
    /// A build on a fresh machine; the seconds, and the bytes that it has fetched.
    pub(super) fn fresh(&self, command: &GoCommand, network: &Network) -> Result<(f64, u64)> {
        let fresh = Cache::new(self.bench)?;
        let (seconds, totals) = self.build(command, &fresh, Some(network))?;
        ensure!(
            totals.remote_hits > 0,
            "nothing came from the tier: {totals:?}"
        );
        Ok((seconds, totals.remote_bytes))
    }
}
