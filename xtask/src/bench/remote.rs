//! Measures fresh machines that share a tier with one that has built everything: beside a machine
//! whose own store has everything, and beside one that downloads all of a GOCACHE as one file.
//!
//! The tier is on a real server, and the network to it is as slow as a row says: every answer comes
//! later by the latency, and no faster than the bandwidth.

mod network;
mod tar;

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::totals::Totals;
use crate::workspace::Workspace;

use super::bench_env::BenchEnv;
use super::builds::{STANDARD_LIBRARY, WARM, Workload};
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{Cache, Subject};
use super::target::Bound;
use super::usage;
use network::Network;
use tar::Tar;

/// The columns.
const LOCAL: &str = "warm store";
const BOUND: &str = "what it may take";
const FRESH: &str = "fresh machine";
const TAR: &str = "one tar of GOCACHE";

/// The latency of each network, in milliseconds, and how many times the time of a warm store a fresh
/// machine may take there, besides the time of the bytes.
const NETWORKS: [(u32, f64); 3] = [(1, 1.5), (20, 2.0), (100, 3.0)];

/// The bandwidth of each network: 1 Gbit/s.
const BYTES_PER_SECOND: f64 = 125e6;

const NOTE: &str = "\
A machine whose store is empty builds from a tier on SeaweedFS, which another machine has filled. The
network to it has a bandwidth of 1 Gbit/s and the latency of the row (toxiproxy). *What it may take*
is the time with a warm store, times 1.5, 2 or 3 by the latency, and the time that the bytes take,
which the machine has fetched. *One tar of GOCACHE* is downloaded from the same server, unpacked
(zstd), and used by cmd/go alone.
";

/// Measures all of it.
pub(super) fn measure(
    workspace: &Workspace,
    bench: &BenchEnv,
    rounds: usize,
) -> Result<Vec<Section>> {
    crate::services::run(workspace)?;
    let server = cachewarden_servers::seaweedfs();
    let workloads = [&STANDARD_LIBRARY, WARM[2]];
    let warm = Cache::new(bench)?;
    println!("filling a tier");
    let filled = fill(bench, &warm, server, &workloads)?;
    let tar = Tar::of(bench, server, &workloads)?;
    bench.sync()?;
    let mut rows = Vec::new();
    for (latency, times) in NETWORKS {
        let network = Network::before(server, latency, BYTES_PER_SECOND);
        for workload in workloads {
            rows.push(row(bench, &network, workload, &warm, &tar, times, rounds)?);
        }
    }
    Ok(vec![
        Section {
            title: "Fresh machines with a remote tier",
            note: NOTE,
            columns: vec![LOCAL, BOUND, FRESH, TAR],
            judged: &[FRESH],
            rows,
        },
        filled,
    ])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Machine {
    Warm,
    Fresh,
    Tar,
}

fn row(
    bench: &BenchEnv,
    network: &Network,
    workload: &Workload,
    warm: &Cache,
    tar: &Tar,
    times: f64,
    rounds: usize,
) -> Result<Row> {
    println!(
        "fresh machine, {} ms, {}: {rounds} rounds",
        network.latency,
        workload.name()
    );
    let mut bytes = Vec::new();
    let machines = [Machine::Warm, Machine::Fresh, Machine::Tar];
    let build = |machine| match machine {
        Machine::Warm => Ok(build(bench, workload, warm, None)?.0),
        Machine::Fresh => {
            let fresh = Cache::new(bench)?;
            let (seconds, totals) = build(bench, workload, &fresh, Some(network))?;
            ensure!(
                totals.remote_hits > 0,
                "nothing came from the tier: {totals:?}"
            );
            bytes.push(totals.remote_bytes);
            Ok(seconds)
        }
        Machine::Tar => tar.build(bench, workload, network),
    };
    let samples = take_turns(rounds, &machines, build)?;
    let [local, fresh, tar] = <[Vec<f64>; 3]>::try_from(samples)
        .ok()
        .context("a column for each machine")?;
    let most = local.iter().zip(&bytes);
    let most = most.map(|(local, bytes)| local * times + *bytes as f64 / BYTES_PER_SECOND);
    Ok(Row {
        what: format!("{}, {} ms", workload.name(), network.latency),
        target: &[Bound::MostTimes(1.0, BOUND)],
        unit: Unit::Seconds,
        samples: vec![local.clone(), most.collect(), fresh, tar],
    })
}

/// Builds on a machine; the seconds, and what its session came to.
fn build(
    bench: &BenchEnv,
    workload: &Workload,
    cache: &Cache,
    network: Option<&Network>,
) -> Result<(f64, Totals)> {
    let mut command = bench.go(Subject::Plain, cache)?;
    command.args(workload.arguments());
    if let Some(network) = network {
        network.give_to(&mut command);
    }
    let usage = usage::measure(&mut command, &bench.path("words"))?;
    Ok((
        usage.wall.as_secs_f64(),
        Totals::of_last_session(&cache.store())?,
    ))
}

/// Fills the tier by cold builds, beside cold builds without one; then sends what waits.
fn fill(
    bench: &BenchEnv,
    cache: &Cache,
    server: &cachewarden_servers::Server,
    workloads: &[&Workload],
) -> Result<Section> {
    let direct = Network::direct(server);
    let without = Cache::new(bench)?;
    let (alone, _) = build(bench, workloads[0], &without, None)?;
    bench.sync()?;
    let (filling, _) = build(bench, workloads[0], cache, Some(&direct))?;
    for workload in &workloads[1..] {
        build(bench, workload, cache, Some(&direct))?;
    }
    let began = Instant::now();
    let mut flush = Command::new(bench.cachewarden(Subject::Plain));
    bench.isolate(&mut flush);
    direct.give_to(&mut flush);
    flush
        .arg("flush")
        .args(["--timeout", "5min", "--dir"])
        .arg(cache.store());
    crate::process::run(&mut flush)?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(Section {
        title: "Filling a tier",
        note: "\
The first row is a cold build that fills a tier, beside one without a tier; the second is `flush`
after it.
",
        columns: vec!["without a tier", "with a tier"],
        judged: &["with a tier"],
        rows: vec![
            Row {
                what: format!("cold {}", workloads[0].name()),
                target: &[Bound::MostTimes(1.03, "without a tier")],
                unit: Unit::Seconds,
                samples: vec![vec![alone], vec![filling]],
            },
            Row {
                what: "`flush`".to_owned(),
                target: &[],
                unit: Unit::Seconds,
                samples: vec![Vec::new(), vec![seconds]],
            },
        ],
    })
}
