//! toxiproxy, a proxy that makes a network slow or broken. It is built from the Go module proxy
//! with the newest of the toolchains.

use std::fs;

use anyhow::{Context, Result};

use crate::{process, toolchains};

use super::Fetch;

const PACKAGE: &str = "github.com/Shopify/toxiproxy/v2/cmd/server";

pub(super) fn fetch(fetch: &Fetch<'_>) -> Result<String> {
    let goroot = fetch.workspace.toolchains().join(toolchains::NEWEST);
    fs::create_dir_all(&fetch.folder)
        .with_context(|| format!("cannot make {}", fetch.folder.display()))?;
    let mut command = toolchains::go(&goroot);
    command
        .env("GOBIN", &fetch.folder)
        // Without symbols: it is not debugged here.
        .args(["install", "-ldflags=-s -w"])
        .arg(format!("{PACKAGE}@v{}", fetch.server.release));
    process::run(&mut command).context("run `cargo xtask toolchains` first")?;
    Ok("\"$here/toxiproxy-server/server\"".into())
}
