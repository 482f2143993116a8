//! `cargo xtask fuzz`: runs the targets of `fuzz/` under libFuzzer, which keeps the inputs that
//! reach new code.
//!
//! It begins with the inputs of `tests/corpus/`, which the unit tests replay. New inputs are kept
//! in the target folder, so that the next run continues from there; an input that fails is printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::process;
use crate::workspace::{self, Workspace};

/// The options that instrument the code for libFuzzer: counters in each block, and compared values.
const COVERAGE: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The longest input: longer ones find nothing new and take longer.
const MAX_INPUT: &str = "-max_len=32768";

/// Which targets to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct FuzzOptions {
    /// Only targets with this in their name
    target: Option<String>,
    /// Minutes for each target
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
}

/// Builds the targets and runs one after the other; all of them, whatever fails.
pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> Result<ExitCode> {
    let filter = options.target.as_deref().unwrap_or_default();
    let mut targets = targets(workspace)?;
    targets.retain(|target| target.contains(filter));
    ensure!(
        !targets.is_empty(),
        "no target has `{filter}` in its name; they are the files of fuzz/fuzz_targets/"
    );
    let programs = build(workspace)?;
    let mut failed = Vec::new();
    for target in targets {
        println!("\n== {target}");
        if process::run(&mut fuzz(workspace, &programs, &target, options)?).is_err() {
            println!(
                "the input that failed belongs into tests/corpus/{target}/ once the fault is mended"
            );
            failed.push(target);
        }
    }
    Ok(match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => {
            println!("\nFAILED: {}", failed.join(", "));
            ExitCode::FAILURE
        }
    })
}

/// Sees that each target builds, and that all inputs of `tests/corpus/` still pass.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let programs = build(workspace)?;
    for target in targets(workspace)? {
        let mut command = Command::new(programs.join(&target));
        process::run(command.arg(corpus(workspace, &target)).arg("-runs=0"))?;
    }
    Ok(())
}

/// The names of the targets, which are those of their folders in `tests/corpus/`.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join("fuzz/fuzz_targets");
    let files =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        names.push(name.replace('_', "-"));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets; the folder that they lie in.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let host = workspace::host()?;
    let folder = workspace.fuzz();
    let mut command = workspace.cargo();
    command
        .args(["build", "--release", "--bins"])
        .arg("--manifest-path")
        .arg(workspace.root().join("fuzz/Cargo.toml"))
        // What runs on this machine while it builds is built without counters.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
    process::run(&mut command)
        .context("libFuzzer is C++: a compiler such as g++ must be installed")?;
    Ok(folder.join(host).join("release"))
}

/// The command that fuzzes one target.
fn fuzz(
    workspace: &Workspace,
    programs: &Path,
    target: &str,
    options: &FuzzOptions,
) -> Result<Command> {
    let found = workspace.fuzz().join("corpus").join(target);
    let failures = workspace.fuzz().join("failures").join(target);
    for folder in [&found, &failures] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut command = Command::new(programs.join(target));
    command
        // What is found goes to the first folder; the second is only read.
        .arg(found)
        .arg(corpus(workspace, target))
        .arg(MAX_INPUT)
        .arg(format!("-max_total_time={}", options.minutes * 60))
        .arg(format!("-artifact_prefix={}/", failures.display()))
        // What failed and how much was tried, and not each input that is kept.
        .args(["-verbosity=0", "-print_funcs=0", "-print_final_stats=1"]);
    Ok(command)
}

/// The inputs that the unit tests replay.
fn corpus(workspace: &Workspace, target: &str) -> PathBuf {
    workspace.root().join("tests/corpus").join(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Targets that need the engine, which takes too long to build with counters: random changes
    /// alone look for inputs.
    const WITHOUT_COVERAGE: [&str; 1] = ["module"];

    #[test]
    fn each_corpus_has_a_target() {
        let workspace = Workspace::find().unwrap();
        let mut names: Vec<_> = fs::read_dir(workspace.root().join("tests/corpus"))
            .unwrap()
            .map(|folder| folder.unwrap().file_name().into_string().unwrap())
            .filter(|name| !WITHOUT_COVERAGE.contains(&name.as_str()))
            .collect();
        names.sort();
        assert_eq!(targets(&workspace).unwrap(), names);
    }
}
