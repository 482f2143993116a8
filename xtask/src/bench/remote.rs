//! Measures machines that share a remote tier: what a fresh machine takes beside a warm one and
//! beside other ways, what it takes to fill the tier, and what a tier costs that is not there.
//!
//! The tier is on a real server, and the network to it is as slow as a row says: every answer comes
//! later by the latency, and no faster than the bandwidth.

mod away;
mod commands;
mod counter;
mod fill;
mod fresh;
mod gocached;
mod network;
mod requests;
mod tar;
mod throttler;

use std::process::Command;

use anyhow::Result;

use cachewarden_servers::Server;

use crate::process;
use crate::totals::Totals;
use crate::workspace::Workspace;

use super::bench_env::BenchEnv;
use super::report::Section;
use super::subject::{Cache, Subject};
use super::usage;
use commands::{BUILD, GoCommand, TESTS};
use network::Network;

/// What may be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// Fresh machines beside a warm store and one tar
    Fresh,
    /// Fresh machines beside go-cacher with gocached
    Peer,
    /// The requests of a fresh machine, and how many of them follow each other
    Requests,
    /// A cold build that fills a tier, and the bytes in the tier
    Fill,
    /// `flush`
    Flush,
    /// A tier that is dead, silent, or asks for fewer requests
    Away,
}

/// How many pairs are measured.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    /// Of what takes a moment.
    pub(super) warm: usize,
    /// Of cold builds.
    pub(super) cold: usize,
}

/// The prefixes of the tiers from which fresh machines build: an older commit has its own, since a tier
/// may have another form there.
const PREFIX: &str = "bench";
const OLDER_PREFIX: &str = "bench-older";

/// The latency of each network in milliseconds.
const LATENCIES: [u32; 3] = [1, 20, 100];

/// The bandwidth of each network: 1 Gbit/s.
const BYTES_PER_SECOND: f64 = 125e6;

/// What fills the tier.
const COMMANDS: [&GoCommand; 2] = [&BUILD, &TESTS];

/// The column that a target is for.
const FRESH: &str = "fresh machine";

/// A tier that has everything, and the machine that has filled it.
struct Tier<'a> {
    bench: &'a BenchEnv,
    server: &'static Server,
    prefix: &'static str,
    /// The cachewarden of all machines.
    subject: Subject,
    /// The store of that machine.
    warm: Cache,
}

/// Measures these parts, or all if none is named.
pub(super) fn measure(
    workspace: &Workspace,
    bench: &BenchEnv,
    rounds: Rounds,
    parts: &[Part],
    mut report: impl FnMut(Section),
) -> Result<()> {
    let includes = |part| parts.is_empty() || parts.contains(&part);
    crate::services::run(workspace)?;
    let server = cachewarden_servers::seaweedfs();
    let of_fresh_machines = [Part::Fresh, Part::Peer, Part::Requests];
    if of_fresh_machines.into_iter().any(includes) {
        let tier = Tier::filled(bench, server, Subject::Plain, PREFIX)?;
        if includes(Part::Fresh) {
            let older = bench
                .has_older()
                .then(|| Tier::filled(bench, server, Subject::OlderPlain, OLDER_PREFIX))
                .transpose()?;
            report(fresh::measure(&tier, older.as_ref(), rounds.warm)?);
        }
        if includes(Part::Peer) {
            report(gocached::measure(&tier, rounds.warm)?);
        }
        if includes(Part::Requests) {
            report(requests::measure(&tier, rounds.warm)?);
        }
    }
    if includes(Part::Fill) {
        fill::cold(bench, server, rounds.cold)?
            .into_iter()
            .for_each(&mut report);
    }
    if includes(Part::Flush) {
        report(fill::after_it(bench, server, rounds.cold)?);
    }
    if includes(Part::Away) {
        report(away::measure(bench, server, rounds.warm)?);
    }
    Ok(())
}

impl<'a> Tier<'a> {
    /// Fills the tier by a build of everything.
    fn filled(
        bench: &'a BenchEnv,
        server: &'static Server,
        subject: Subject,
        prefix: &'static str,
    ) -> Result<Self> {
        println!("filling a tier");
        let tier = Self {
            bench,
            server,
            prefix,
            subject,
            warm: Cache::new(bench)?,
        };
        let direct = Network::direct(server, prefix);
        for command in COMMANDS {
            tier.build(command, &tier.warm, Some(&direct))?;
        }
        flush(bench, subject, &tier.warm, &direct)?;
        // What only the warm store has, such as module indexes, is made once before.
        for command in COMMANDS {
            tier.build(command, &tier.warm, None)?;
        }
        bench.sync()?;
        Ok(tier)
    }

    /// Builds on one of its machines.
    fn build(
        &self,
        command: &GoCommand,
        cache: &Cache,
        network: Option<&Network>,
    ) -> Result<(f64, Totals)> {
        build(self.bench, self.subject, command, cache, network)
    }

    /// A network of this latency to the tier.
    fn at(&self, latency: u32) -> Network {
        Network::before(self.server, self.prefix, latency, BYTES_PER_SECOND)
    }
}

/// Builds on a machine; the seconds, and what its session came to. What it says is printed: a machine
/// that gives up its tier is measured as it is.
fn build(
    bench: &BenchEnv,
    subject: Subject,
    go_command: &GoCommand,
    cache: &Cache,
    network: Option<&Network>,
) -> Result<(f64, Totals)> {
    let mut command = bench.go(subject, cache)?;
    command.args(go_command.workload.arguments());
    if let Some(policy) = go_command.policy {
        command.env("CACHEWARDEN_POLICY", bench.policy(policy));
    }
    if let Some(network) = network {
        network.give_to(&mut command);
    }
    let (usage, said) = usage::measure_with_words(&mut command, &bench.path("words"))?;
    print!("{said}");
    Ok((
        usage.wall.as_secs_f64(),
        Totals::of_last_session(&cache.store())?,
    ))
}

/// Sends all that waits in a machine's store.
fn flush(bench: &BenchEnv, subject: Subject, cache: &Cache, network: &Network) -> Result<()> {
    let mut command = cachewarden(bench, subject, network);
    command
        .arg("flush")
        .args(["--timeout", "5min", "--dir"])
        .arg(cache.store());
    process::run(&mut command)
}

/// The program with a tier.
fn cachewarden(bench: &BenchEnv, subject: Subject, network: &Network) -> Command {
    let mut command = Command::new(bench.cachewarden(subject));
    bench.isolate(&mut command);
    network.give_to(&mut command);
    command
}
