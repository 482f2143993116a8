//! Measures the time from the start of a helper to its first message and its first answer. go does
//! nothing before the first message.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{Cache, Caches, OURS, Subject};
use super::target::{Bound, Target};
use super::wire::{self, Client};

/// The starts in each round: a start takes milliseconds only.
pub(super) const STARTS_A_ROUND: usize = 4;

/// Times of one start.
pub(super) struct Start {
    pub(super) first_message: Duration,
    pub(super) first_answer: Option<Duration>,
}

/// Starts every subject many times. It is compared with the start of `echo`.
pub(super) fn measure(
    bench: &BenchEnv,
    helpers: &[Subject],
    caches: &Caches,
    actions: &[String],
    rounds: usize,
) -> Result<Section> {
    let started: Vec<_> = std::iter::once(None)
        .chain(helpers.iter().copied().map(Some))
        .collect();
    let rounds = rounds * STARTS_A_ROUND;
    println!("starts: {rounds} rounds");
    let request = wire::get(1, &actions[0]);
    see_that_slim_decides(bench, caches, &request)?;
    let samples = take_turns(rounds, &started, |started| match started {
        None => start_echo(),
        Some(subject) => start(bench, caches.of(subject)?, subject, &request),
    })?;
    let row = |what: &str, target: Target, time: fn(&Start) -> Option<Duration>| Row {
        what: what.to_owned(),
        target,
        unit: Unit::Milliseconds,
        samples: samples
            .iter()
            .map(|column| {
                let times = column.iter().filter_map(time);
                times.map(|time| time.as_secs_f64() * 1e3).collect()
            })
            .collect(),
    };
    Ok(Section {
        title: "Start",
        note: "\
go does nothing before the first message. `echo` shows what starting any program takes. The compiled
form of the policy is cached, and it is checked that `slim` decides the get.
",
        columns: started
            .iter()
            .map(|started| started.map_or("`echo`", Subject::name))
            .collect(),
        judged: &OURS,
        rows: vec![
            row("start to the first message", &[Bound::Most(2.5)], |start| {
                Some(start.first_message)
            }),
            row(
                "start to the first answered get",
                &[Bound::Most(5.0)],
                |start| start.first_answer,
            ),
        ],
    })
}

pub(super) fn start(
    bench: &BenchEnv,
    state: &Cache,
    subject: Subject,
    request: &str,
) -> Result<Start> {
    let command = bench.command(subject, state, &[])?;
    let started = Instant::now();
    let mut client = Client::ready(command)?;
    let first_message = started.elapsed();
    let answer = client.ask(request.as_bytes())?;
    let first_answer = started.elapsed();
    ensure!(answer.contains("DiskPath"), "not a hit: {answer}");
    client.finish()?;
    Ok(Start {
        first_message,
        first_answer: Some(first_answer),
    })
}

pub(super) fn start_echo() -> Result<Start> {
    let mut command = Command::new("echo");
    command.arg("{}");
    let started = Instant::now();
    let client = Client::ready(command)?;
    let first_message = started.elapsed();
    client.finish()?;
    Ok(Start {
        first_message,
        first_answer: None,
    })
}

/// Checks once that `slim` is asked about this get; afterwards its compiled form is cached.
fn see_that_slim_decides(bench: &BenchEnv, caches: &Caches, request: &str) -> Result<()> {
    let recording = bench.path("recording");
    let options = ["--record".as_ref(), recording.as_os_str()];
    let slim = Subject::Slim;
    let command = bench.command(slim, caches.of(slim)?, &options)?;
    let mut client = Client::ready(command)?;
    client.ask(request.as_bytes())?;
    client.finish()?;
    let text = fs::read_to_string(&recording)
        .with_context(|| format!("cannot read {}", recording.display()))?;
    let asked = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .any(|line| line["line"] == "get" && line["verdict"] == "hit");
    ensure!(asked, "`slim` was not asked about a get: {text}");
    Ok(())
}
