//! The whole program under wine, with the real go command for Windows.
//!
//! Each test has a folder of its own below the user's profile. What wine does otherwise than
//! Windows, and what is therefore not shown, is in docs/decisions/0045-what-windows-needs.md.

mod builds;
mod folders;
mod policies;
mod processes;
mod verbs;
mod world;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::tally::Tally;
use crate::workspace::Workspace;

use super::Bench;
use world::World;

/// A test and its name.
type Test = (&'static str, fn(&World<'_>) -> Result<()>);

const TESTS: [Test; 20] = [
    ("cold_then_warm", builds::cold_then_warm),
    ("tests_and_vet_are_hits", builds::tests_and_vet_are_hits),
    ("go_run_works", builds::go_run_works),
    (
        "changed_objects_are_misses",
        builds::changed_objects_are_misses,
    ),
    ("lines_may_end_with_cr_lf", builds::lines_may_end_with_cr_lf),
    (
        "names_with_spaces_and_letters",
        folders::names_with_spaces_and_letters,
    ),
    ("long_paths", folders::long_paths),
    ("case_does_not_matter", folders::case_does_not_matter),
    (
        "a_path_of_an_answer_is_of_windows",
        folders::a_path_of_an_answer_is_of_windows,
    ),
    (
        "a_store_outside_the_profile_is_not_used",
        folders::a_store_outside_the_profile_is_not_used,
    ),
    (
        "names_that_windows_reserves",
        folders::names_that_windows_reserves,
    ),
    (
        "a_killed_helper_costs_no_entry",
        processes::a_killed_helper_costs_no_entry,
    ),
    (
        "a_killed_go_command_ends_its_helper",
        processes::a_killed_go_command_ends_its_helper,
    ),
    ("go_commands_at_once", processes::go_commands_at_once),
    (
        "a_trim_spares_what_is_in_use",
        processes::a_trim_spares_what_is_in_use,
    ),
    (
        "pull_requests_write_apart",
        policies::pull_requests_write_apart,
    ),
    (
        "a_policy_that_hangs_is_stopped",
        policies::a_policy_that_hangs_is_stopped,
    ),
    (
        "another_machine_finds_a_tier",
        policies::another_machine_finds_a_tier,
    ),
    ("verbs_look_at_the_store", verbs::look_at_the_store),
    ("what_is_missing_says_so", verbs::what_is_missing_says_so),
];

/// Runs those tests whose name contains `filter`, and says what each came to.
pub(super) fn run(
    workspace: &Workspace,
    bench: &Bench,
    program: &Path,
    filter: Option<&str>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter));
    for (name, test) in TESTS.into_iter().filter(|(name, _)| wanted(name)) {
        let began = Instant::now();
        let result = World::new(workspace, bench, program).and_then(|world| test(&world));
        let outcome = if result.is_ok() { "ok" } else { "FAILED" };
        println!(
            "test windows::{name} ... {outcome} <{:.3}s>",
            began.elapsed().as_secs_f64()
        );
        tally.add(match result {
            Ok(()) => Tally::one(),
            Err(error) => {
                let failure = format!("windows::{name}: {error:#}");
                println!("{failure}");
                Tally::of(0, 1, vec![failure])
            }
        });
    }
    Ok(tally)
}
