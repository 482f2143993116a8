//! Every policy of the corpus as bytes, for tests that try them otherwise than one at a time.

use super::chance::Chance;
use super::compile::*;
use super::escape::preview2_each_call;
use super::shape::*;
use super::space::*;
use super::time::*;
use super::words::scope_names;
use super::{TABLES, parts};

/// A policy's name, and its bytes.
type Named = (String, Vec<u8>);

/// The one file of the corpus that makes no bytes: the client cannot read what it puts in a
/// policy's place.
const NO_BYTES: &str = "shape/no_regular_file.rs";

/// The largest one that is a policy.
pub(crate) fn largest() -> Vec<u8> {
    custom_sections::policy(47)
}

/// All of them, with the parameters of the trials, and a few of those that chance makes.
#[track_caller]
pub(crate) fn policies() -> Vec<Named> {
    let mut all = Vec::new();
    for source in TABLES.iter().flat_map(|files| files.iter()) {
        match source.name.strip_suffix(".rs") {
            _ if source.name == NO_BYTES => {}
            None => all.push((source.name.to_owned(), source.policy())),
            Some(name) => {
                let made = made_by(name);
                assert!(!made.is_empty(), "{}: it has no row in all.rs", source.name);
                let named = |(number, policy)| (format!("{} {number}", source.name), policy);
                all.extend(made.into_iter().enumerate().map(named));
            }
        }
    }
    all
}

fn made_by(name: &str) -> Vec<Vec<u8>> {
    let whole = parts::smallest();
    let mut chance = Chance::new(3);
    match name {
        "time/each_call_late" => vec![each_call_late::policy(), each_call_late::policy_of_log()],
        "time/log_in_a_line" => vec![log_in_a_line::policy(20_000)],
        "space/memories_most" => [4, 5].map(memories_most::policy).to_vec(),
        "space/globals_many" => vec![globals_many::policy(60, 200_000)],
        "space/instances_many" => vec![instances_many::policy(100)],
        "space/data_huge" => vec![data_huge::policy(16)],
        "compile/many_functions" => vec![many_functions::policy(10_000)],
        "compile/giant_function" => vec![giant_function::policy(100_000)],
        "compile/deep_blocks" => vec![deep_blocks::policy(1_000)],
        "compile/deep_text" => vec![deep_text::policy(1_000)],
        "compile/huge_br_table" => [60_000, 100_000]
            .map(|targets| huge_br_table::policy(1, targets))
            .to_vec(),
        "compile/instances_nested" => vec![instances_nested::policy(10)],
        "compile/many_types" => vec![many_types::policy(1_000)],
        "compile/custom_sections" => vec![custom_sections::policy(32)],
        "compile/nested_components" => vec![nested_components::policy(1_000)],
        "compile/nested_types" => vec![nested_types::policy(40)],
        "shape/truncated" => truncated::policies(&whole)
            .step_by(20)
            .map(<[u8]>::to_vec)
            .collect(),
        "shape/flipped" => flipped::policies(&whole).step_by(100).collect(),
        "shape/random_bytes" => vec![random_bytes::policy(&mut chance)],
        "shape/changed_at_random" => (0..5)
            .map(|_| changed_at_random::policy(&whole, &mut chance))
            .collect(),
        "shape/not_webassembly" => not_webassembly::policies()
            .into_iter()
            .map(|(_, policy)| policy)
            .collect(),
        "shape/world_of_others" => vec![world_of_others::policy()],
        "words/scope_names" => {
            let refused = scope_names::refused().into_iter().map(|(_, name)| name);
            let kept = scope_names::kept()
                .into_iter()
                .map(|(name, _)| name.as_bytes().to_vec());
            refused
                .chain(kept)
                .map(|name| scope_names::policy(&name))
                .collect()
        }
        "escape/preview2_each_call" => vec![preview2_each_call::policy()],
        _ => Vec::new(),
    }
}
