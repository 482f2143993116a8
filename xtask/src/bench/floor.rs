//! What the floor knows: every answer that the plain cachewarden gives to a get, asked for once through the wire.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::contestant::{Contestant, States};
use super::wire::{self, Client};
use super::workbench::Workbench;

/// Writes all answers of the plain cachewarden's store into a file for the floor.
pub(super) fn learn(bench: &Workbench, states: &States) -> Result<()> {
    let state = states.of(Contestant::Plain)?;
    let mut client = Client::ready(bench.command(Contestant::Plain, state, &[])?)?;
    let mut answers = String::new();
    for (index, action) in actions(&state.store())?.iter().enumerate() {
        let id = index + 1;
        let answer = client.ask(wire::get(id, action).as_bytes())?;
        let rest = answer.strip_prefix(&format!("{{\"ID\":{id},"));
        let rest = rest.filter(|rest| rest.contains("DiskPath"));
        let rest = rest.with_context(|| format!("not a hit: {answer}"))?;
        answers.push_str(&format!("{action} {rest}"));
    }
    client.finish()?;
    let file = state.answers();
    fs::write(&file, answers).with_context(|| format!("cannot write {}", file.display()))
}

/// All actions of the entries in a store, in base64, sorted: their files are named by them, in hexadecimal.
pub(super) fn actions(store: &Path) -> Result<Vec<String>> {
    let mut actions = Vec::new();
    let mut folders = vec![store.join("scopes")];
    while let Some(folder) = folders.pop() {
        let problem = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(problem)? {
            let entry = entry.with_context(problem)?;
            if entry.file_type().with_context(problem)?.is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.file_name();
                let action = to_base64(&name.to_string_lossy());
                actions.push(action.with_context(|| {
                    format!("{} is not named by an action", entry.path().display())
                })?);
            }
        }
    }
    ensure!(!actions.is_empty(), "{} has no entries", store.display());
    actions.sort();
    Ok(actions)
}

/// 64 hexadecimal digits as base64; none where the text is anything else.
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
