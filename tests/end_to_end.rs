//! The promise of the first page: `go build std` through a policy, twice.

use std::fs;

use crate::support::*;

#[test]
fn go_build_std_with_slim_is_all_hits_the_second_time() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = format!("--policy '{}' -v", guest("slim").display());
    let project = GoProject::new(&sandbox, GO, RUNES).with_helper(&policy);
    let first = project.go(&["build", "std"]).succeeded();
    let first = Totals::of(&first.stderr);
    assert!(
        first.puts > 1000,
        "the standard library and its indexes: {first:?}"
    );
    assert_eq!(
        first.refused_puts, 0,
        "slim keeps everything, some of it on this machine alone: {first:?}"
    );

    let second = project.go(&["build", "std"]).succeeded();
    let totals = Totals::of(&second.stderr);
    assert!(
        totals.gets > 900 && totals.hits == totals.gets && totals.refused_gets == 0,
        "{totals:?}"
    );
    assert_eq!(
        second.stderr.lines().count(),
        1,
        "one line and nothing else: {second:?}"
    );

    let sessions =
        fs::read_to_string(sandbox.store().join("sessions.jsonl")).expect("the sessions");
    assert_eq!(sessions.lines().count(), 2, "{sessions}");

    // What slim is for: the bulk may travel, what is of use to this machine alone stays.
    let reach = |kind: &str| {
        let mut reaches: Vec<_> = entries(&sandbox.store(), "default")
            .iter()
            .filter(|entry| entry.kind() == kind)
            .map(|entry| entry.field("reach").to_owned())
            .collect();
        reaches.sort();
        reaches.dedup();
        reaches
    };
    assert_eq!(reach("package-archive"), ["shared"]);
    assert_eq!(reach("module-index"), ["local"]);
}
