//! The answers of the baseline: those of the plain cachewarden to the gets of one build, and no
//! others, since the baseline reads them all when it starts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::bench_env::BenchEnv;
use super::subject::{Cache, Subject};
use super::wire::{self, Client};

/// Asks the plain cachewarden for these actions, and writes its answers into a file for the
/// baseline.
pub(super) fn write_answers(bench: &BenchEnv, state: &Cache, actions: &[String]) -> Result<()> {
    let mut client = Client::ready(bench.command(Subject::Plain, state, &[])?)?;
    let mut answers = String::new();
    for (index, action) in actions.iter().enumerate() {
        let id = index + 1;
        let answer = client.ask(wire::get(id, action).as_bytes())?;
        let rest = answer.strip_prefix(&format!("{{\"ID\":{id},"));
        let known = |rest: &&str| rest.contains("DiskPath") || rest.contains("Miss");
        let rest = rest.filter(known);
        let rest = rest.with_context(|| format!("neither a hit nor a miss: {answer}"))?;
        answers.push_str(&format!("{action} {rest}"));
    }
    client.finish()?;
    let file = state.answers();
    fs::write(&file, answers).with_context(|| format!("cannot write {}", file.display()))
}

/// The actions of the gets in a recording, in base64, sorted.
pub(super) fn asked(recording: &Path) -> Result<Vec<String>> {
    let problem = || format!("cannot read {}", recording.display());
    let mut actions = BTreeSet::new();
    for line in fs::read_to_string(recording).with_context(problem)?.lines() {
        let line: Value = serde_json::from_str(line).with_context(problem)?;
        if line["line"] == "answer" && line["command"] == "get" {
            let action = line["action"].as_str().and_then(to_base64);
            actions.insert(action.with_context(problem)?);
        }
    }
    ensure!(!actions.is_empty(), "{} has no gets", recording.display());
    Ok(actions.into_iter().collect())
}

/// 64 hexadecimal digits as base64; `None` for any other text.
fn to_base64(digits: &str) -> Option<String> {
    const DIGITS: usize = 64;
    if digits.len() != DIGITS {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..DIGITS)
        .step_by(2)
        .map(|start| u8::from_str_radix(digits.get(start..start + 2)?, 16).ok())
        .collect();
    Some(STANDARD.encode(bytes?))
}
