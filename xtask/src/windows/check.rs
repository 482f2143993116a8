//! Shows that the bench works: the go command builds a module under wine, and what it built runs.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::process;

use super::Bench;

const MODULE: &str = "module example.com/hello\n\ngo 1.24\n";

const PROGRAM: &str = r#"package main

import "runtime"

func main() { print("hello from ", runtime.GOOS) }
"#;

pub(super) fn run(bench: &Bench) -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (name, text) in [("go.mod", MODULE), ("main.go", PROGRAM)] {
        fs::write(folder.path().join(name), text)
            .with_context(|| format!("cannot write {name}"))?;
    }
    let program = folder.path().join("hello.exe");
    let mut go = bench.go.command();
    go.current_dir(folder.path())
        .args(["build", "-o", "hello.exe", "."]);
    process::run(&mut go)?;
    let mut hello = bench.wine.command(&bench.wine.path(&program));
    // Go's `print` writes to standard error.
    let output = hello.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && said == "hello from windows",
        "{} ended with {}, and said `{said}`",
        program.display(),
        output.status
    );
    println!("{said}");
    Ok(())
}
