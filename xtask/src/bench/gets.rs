//! Gets through the wire, without a go in between.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::contestant::{Contestant, States};
use super::figures::{Row, Section, Unit, median, take_turns};
use super::floor;
use super::wire::{self, Client, Requests};
use super::workbench::Workbench;

const CONTESTANTS: [Contestant; 3] = [Contestant::Floor, Contestant::Plain, Contestant::Slim];

/// Gets of a pipelined round: half a second or so.
const PIPELINED: usize = 50_000;

/// Gets of a round that are sent one at a time.
const SINGLE: usize = 2_000;

/// Sends gets that hit.
pub(super) fn measure(bench: &Workbench, states: &States, rounds: usize) -> Result<Section> {
    println!("gets: {rounds} rounds");
    let actions = floor::actions(&states.of(Contestant::Plain).store())?;
    let mut requests = Requests::default();
    for action in actions.iter().cycle().take(PIPELINED) {
        requests.get(action);
    }
    let pipelined = take_turns(rounds, &CONTESTANTS, |contestant| {
        let client = Client::ready(bench.command(contestant, states.of(contestant), &[])?)?;
        let time = client.pipeline(&requests)?;
        Ok(PIPELINED as f64 / time.as_secs_f64())
    })?;
    let single = take_turns(rounds, &CONTESTANTS, |contestant| {
        let client = Client::ready(bench.command(contestant, states.of(contestant), &[])?)?;
        median_of_single(client, &actions)
    })?;
    Ok(Section {
        title: "Gets that hit",
        note: "\
The requests that go sends, without go: 50,000 as fast as the helper takes them, and 2,000 of which each waits for the
answer to the one before it (the median of these).
",
        columns: CONTESTANTS.map(Contestant::name).to_vec(),
        rows: vec![
            Row {
                what: "pipelined".to_owned(),
                unit: Unit::PerSecond,
                samples: pipelined,
            },
            Row {
                what: "one at a time, each".to_owned(),
                unit: Unit::Microseconds,
                samples: single,
            },
        ],
    })
}

/// The median time of a get, in microseconds.
fn median_of_single(mut client: Client, actions: &[String]) -> Result<f64> {
    let mut times = Vec::new();
    for (index, action) in actions.iter().cycle().take(SINGLE).enumerate() {
        let request = wire::get(index + 1, action);
        let started = Instant::now();
        let answer = client.ask(request.as_bytes())?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
        ensure!(answer.contains("DiskPath"), "not a hit: {answer}");
    }
    client.finish()?;
    Ok(median(&times))
}
