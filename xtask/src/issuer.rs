//! `cargo xtask issuer`: an issuer of signed tokens, in target/tools/issuer/, which the tests of
//! `host/tokens` start. It comes from npm (`xtask/locks/npm/issuer/`) and runs on Node.

use anyhow::{Result, bail};

use crate::guests;
use crate::workspace::Workspace;

/// The folder of target/tools/, and the lock.
const NAME: &str = "issuer";

/// What the names of the tests that need it begin with.
pub(crate) const TESTS: &str = "real_issuer::";

/// Installs the issuer. Returns the reason if it cannot be installed here; in CI this is an error.
pub(crate) fn install(workspace: &Workspace) -> Result<Option<String>> {
    guests::install_packages(workspace, NAME)
}

/// Installs the issuer.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    if let Some(reason) = install(workspace)? {
        bail!("{reason}");
    }
    println!("the issuer is in {}", workspace.tools(NAME).display());
    Ok(())
}
