//! golangci-lint and staticcheck, in target/toolchains/bin/: clients of GOCACHEPROG helpers that are
//! not cmd/go, with copies of its code.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{process, toolchains};

/// A linter, and how it says its version.
struct Linter {
    name: &'static str,
    package: &'static str,
    release: &'static str,
    question: &'static [&'static str],
    /// What it answers in this release, or a part of it.
    answer: &'static str,
}

const LINTERS: [Linter; 2] = [
    Linter {
        name: "golangci-lint",
        package: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
        release: "2.15.0",
        question: &["version", "--short"],
        answer: "2.15.0",
    },
    Linter {
        name: "staticcheck",
        package: "honnef.co/go/tools/cmd/staticcheck",
        release: "0.8.2",
        question: &["-version"],
        answer: "(0.8.2)",
    },
];

/// Builds the linters with the newest of the toolchains in `folder`, unless these releases are
/// there.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let programs = folder.join("bin");
    for linter in LINTERS.iter().filter(|linter| !linter.is_ready(&programs)) {
        println!("building {} {}", linter.name, linter.release);
        let mut command = toolchains::go(&folder.join(toolchains::NEWEST));
        command
            .env("GOBIN", &programs)
            // Without symbols: it is not debugged here.
            .args(["install", "-ldflags=-s -w"])
            .arg(format!("{}@v{}", linter.package, linter.release));
        process::run(&mut command)?;
    }
    Ok(())
}

impl Linter {
    /// Whether the program is there, in the pinned release.
    fn is_ready(&self, programs: &Path) -> bool {
        let mut question = Command::new(programs.join(self.name));
        process::ask(question.args(self.question))
            .is_some_and(|said| said.split_whitespace().any(|word| word == self.answer))
    }
}
