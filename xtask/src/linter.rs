//! golangci-lint, in target/toolchains/bin/: a client of GOCACHEPROG helpers that is not cmd/go,
//! with a copy of its code.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{process, toolchains};

const PACKAGE: &str = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint";
const RELEASE: &str = "2.15.0";

/// Builds the linter with the newest of the toolchains in `folder`, unless this release is there.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let programs = folder.join("bin");
    if is_ready(&programs.join("golangci-lint")) {
        return Ok(());
    }
    println!("building golangci-lint {RELEASE}");
    let mut command = toolchains::go(&folder.join(toolchains::NEWEST));
    command
        .env("GOBIN", &programs)
        // Without symbols: it is not debugged here.
        .args(["install", "-ldflags=-s -w"])
        .arg(format!("{PACKAGE}@v{RELEASE}"));
    process::run(&mut command)
}

/// Whether the program is there, in the pinned release.
fn is_ready(program: &Path) -> bool {
    let mut question = Command::new(program);
    process::ask(question.args(["version", "--short"])).is_some_and(|release| release == RELEASE)
}
