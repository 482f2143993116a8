//! Measures one question to a policy, in the host's own call: without a pipe, a file or go.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

use super::bench_env::BenchEnv;
use super::report::{Row, Section, take_turns};
use super::samples::Unit;
use super::subject::{OURS, Subject};
use super::target::Bound;

/// The questions of one round.
const QUESTIONS: &str = "200000";

/// Measures `slim` with `cachewarden policy bench`.
pub(super) fn measure(bench: &BenchEnv, rounds: usize) -> Result<Section> {
    println!("decisions: {rounds} rounds");
    let subjects = bench.with_older(&[Subject::Slim]);
    let samples = take_turns(rounds, &subjects, |subject| {
        let mut command = Command::new(bench.cachewarden(subject));
        command
            .args(["policy", "bench", "--json", "--calls", QUESTIONS])
            .args(bench.slim(subject));
        let text = process::read(&mut command)?;
        let figures: Value = serde_json::from_str(&text)?;
        figures["mean"]
            .as_f64()
            .with_context(|| format!("no mean in {text}"))
    })?;
    Ok(Section {
        title: "Decisions",
        note: "\
The mean of 200,000 questions to one instance (`cachewarden policy bench slim.wasm`), within its
process. This includes reading the clock once for each question.
",
        columns: subjects.iter().map(|one| one.name()).collect(),
        judged: &OURS,
        rows: vec![Row {
            what: "one decision".to_owned(),
            target: &[Bound::Most(300.0)],
            unit: Unit::Nanoseconds,
            samples,
        }],
    })
}
