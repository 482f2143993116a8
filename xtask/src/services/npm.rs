//! Azurite, which speaks as Azure Blob Storage does, and GitHub's own client of its cache, with
//! which a test checks the fake of that service. Both come from npm in one lock, and run on Node.

use anyhow::{Result, bail};

use crate::guests;

use super::Fetch;

/// The folder of xtask/locks/npm/ and of target/tools/.
const LOCK: &str = "services";

/// The server of blobs.
pub(super) fn azurite(fetch: &Fetch<'_>) -> Result<String> {
    install(fetch)?;
    Ok("node \"$here/../tools/services/node_modules/azurite/dist/src/blob/main.js\"".into())
}

/// Node, for a script that uses the client: `$NODE_MODULES` is the folder with the package.
pub(super) fn actions_cache(fetch: &Fetch<'_>) -> Result<String> {
    install(fetch)?;
    Ok("env NODE_MODULES=\"$here/../tools/services/node_modules\" node".into())
}

fn install(fetch: &Fetch<'_>) -> Result<()> {
    if let Some(reason) = guests::install_packages(fetch.workspace, LOCK)? {
        bail!("{reason}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use crate::services::SERVERS;
    use crate::workspace::Workspace;

    use super::*;

    #[test]
    fn the_lock_has_the_releases_of_the_table() {
        let locks = Workspace::find().unwrap().locks();
        let manifest = fs::read(locks.join("npm").join(LOCK).join("package.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        for (name, package) in [("azurite", "azurite"), ("actions-cache", "@actions/cache")] {
            let server = SERVERS.iter().find(|server| server.name == name).unwrap();
            assert_eq!(manifest["dependencies"][package], server.release, "{name}");
        }
    }
}
