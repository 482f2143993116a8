//! `doctor` on a machine where all is well: what it says fits a screen, so that nobody has to scroll
//! for what is not as it should be.

use std::path::Path;

use crate::support::*;

/// A terminal as it is opened.
const ROWS: usize = 24;
const COLUMNS: usize = 80;

#[test]
fn a_healthy_machine_is_told_on_one_screen() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let (store, tier) = (text(sandbox.store()), text(sandbox.folder("tier")));
    let value = format!(
        "'{PROGRAM}' --dir '{store}' --policy '{}' --scope main --max-size 10GB --remote 'file://{tier}'",
        policy("agrees")
    );
    let mut command = project.command(Path::new(PROGRAM));
    command.arg("doctor").env("GOCACHEPROG", value);
    let told = run_to_its_end(&mut command).exited(0).stdout;
    let rows = |line: &str| line.chars().count().div_ceil(COLUMNS).max(1);
    let rows: usize = told.lines().map(rows).sum();
    // One is for what the person types next.
    assert!(rows < ROWS, "{rows} rows: {told}");
    for subject in [
        "options",
        "store",
        "policy",
        "remote tier",
        "go",
        "GOCACHE",
        "a build",
    ] {
        let is_told = |line: &str| line.starts_with(&format!("ok     {subject}: "));
        assert!(told.lines().any(is_told), "{subject}: {told}");
    }
}
