//! golangci-lint, gopls and staticcheck, in target/toolchains/bin/: programs that use a GOCACHEPROG
//! helper, by themselves or by the go commands that they start.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{process, toolchains};

/// A tool, and how it says its version.
struct Tool {
    name: &'static str,
    package: &'static str,
    release: &'static str,
    question: &'static [&'static str],
    /// What it answers in this release, or a part of it.
    answer: &'static str,
}

const TOOLS: [Tool; 3] = [
    Tool {
        name: "golangci-lint",
        package: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
        release: "2.15.0",
        question: &["version", "--short"],
        answer: "2.15.0",
    },
    Tool {
        name: "gopls",
        package: "golang.org/x/tools/gopls",
        release: "0.24.0",
        question: &["version"],
        answer: "v0.24.0",
    },
    Tool {
        name: "staticcheck",
        package: "honnef.co/go/tools/cmd/staticcheck",
        release: "0.8.2",
        question: &["-version"],
        answer: "(0.8.2)",
    },
];

/// Builds the tools with the newest of the toolchains in `folder`, unless these releases are
/// there.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let programs = folder.join("bin");
    for tool in TOOLS.iter().filter(|tool| !tool.is_ready(&programs)) {
        println!("building {} {}", tool.name, tool.release);
        let mut command = toolchains::go(&folder.join(toolchains::NEWEST));
        command
            .env("GOBIN", &programs)
            // Without symbols: it is not debugged here.
            .args(["install", "-ldflags=-s -w"])
            .arg(format!("{}@v{}", tool.package, tool.release));
        process::run(&mut command)?;
    }
    Ok(())
}

impl Tool {
    /// Whether the program is there, in the pinned release.
    fn is_ready(&self, programs: &Path) -> bool {
        let mut question = Command::new(programs.join(self.name));
        process::ask(question.args(self.question))
            .is_some_and(|said| said.split_whitespace().any(|word| word == self.answer))
    }
}
