//! What a tier costs that is not there: a cold build finds nothing, and must soon stop asking.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};

use cachewarden_servers::{Server, before};
use serde_json::json;

use super::network::Network;
use super::throttler;
use crate::bench::bench_env::BenchEnv;
use crate::bench::builds::Workload;
use crate::bench::report::{Row, Section, take_turns};
use crate::bench::samples::Unit;
use crate::bench::subject::{Cache, Subject};
use crate::bench::target::Bound;
use crate::bench::usage;

/// The prefix of a tier that never has anything.
const PREFIX: &str = "away";

/// A cold build that takes some seconds.
const WORKLOAD: Workload = Workload::new(
    "cold `go build` of five packages",
    &["build", "strings", "bytes", "sort", "strconv", "bufio"],
);

/// The columns.
const WITHOUT: &str = "without a tier";
const COLUMNS: [&str; 4] = [WITHOUT, "dead tier", "silent tier", "tier that answers 429"];

/// The budget of a session in seconds, as it is by default.
const BUDGET: f64 = 2.0;

const NOTE: &str = "\
Cold builds into new stores. At the dead tier connections are refused; the silent one takes them and
never answers (toxiproxy). Each build may take at most the budget of a go command longer, which is
2 s. Each store is new, so no build knows what an earlier one has found.
";

/// Measures all of it.
pub(super) fn measure(bench: &BenchEnv, server: &Server, rounds: usize) -> Result<Section> {
    println!("{}, tier away: {rounds} rounds", WORKLOAD.name());
    let silent = before(server.socket);
    // It lets nothing through until it is taken away.
    silent.answer_with("timeout", json!({ "timeout": 0 }));
    silent.send_with("timeout", json!({ "timeout": 0 }));
    let to = |socket: SocketAddr| Some(Network::to(server, PREFIX, socket));
    let networks = [
        None,
        to(dead()?),
        to(silent.socket),
        to(throttler::start()?),
    ];
    let samples = take_turns(rounds, &[0, 1, 2, 3], |index: usize| {
        bench.sync()?;
        build(bench, networks[index].as_ref())
    })?;
    Ok(Section {
        title: "A tier that is away",
        note: NOTE,
        columns: COLUMNS.to_vec(),
        judged: &["dead tier", "silent tier", "tier that answers 429"],
        rows: vec![Row {
            what: WORKLOAD.name().to_owned(),
            target: &[Bound::MostMore(BUDGET, WITHOUT)],
            unit: Unit::Seconds,
            samples,
        }],
    })
}

/// A socket at which nobody listens.
fn dead() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    listener
        .and_then(|listener| listener.local_addr())
        .context("cannot find a free port")
}

/// A cold build, which says what is wrong with the tier; the seconds.
fn build(bench: &BenchEnv, network: Option<&Network>) -> Result<f64> {
    let mut command = bench.go(Subject::Plain, &Cache::new(bench)?)?;
    command.args(WORKLOAD.arguments());
    if let Some(network) = network {
        network.give_to(&mut command);
    }
    let (usage, said) = usage::measure_with_words(&mut command, &bench.path("words"))?;
    if network.is_some() {
        print!("  {said}");
    }
    Ok(usage.wall.as_secs_f64())
}
