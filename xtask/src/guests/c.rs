//! Policies in C: each is one file, compiled along with the SDK's one source file.
//!
//! The compiler is looked for in this order: clang with wasm-ld; Zig's, if it was fetched before; Debian's packages;
//! Zig's by Python's package client. Where all fail, the error says what to install.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{debian, process};

use super::freshness::is_newer;
use super::publish;

/// Each policy and its folder.
const POLICIES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches/c"),
    ("mirror", "guest-sdk/conformance/c"),
];

const SDK: &str = "guest-sdk/c";

/// What Debian is asked for. Any version from 14 on serves.
const DEBIAN_PACKAGES: [&str; 2] = ["clang", "lld"];

/// The compiler that Python's package client fetches.
const ZIGLANG: &str = "ziglang==0.17.1";

/// As in the Makefile that every project has.
const FLAGS: [&str; 8] = [
    "-std=c11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-nostdlib",
    "-Wl,--no-entry,--strip-all",
];

/// Builds both policies; what has not changed is not built again.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let folder = workspace.guest_build().join("c");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let sdk = workspace.root().join(SDK);
    for (policy, source_folder) in POLICIES {
        let source = workspace.root().join(source_folder).join(policy);
        let sources = [source.with_extension("c"), sdk.join("cachewarden.c")];
        let header = sdk.join("cachewarden.h");
        let built = folder.join(policy).with_extension("wasm");
        if !is_newer(&built, sources.iter().chain([&header]))? {
            let mut command = compiler(workspace)?;
            command.args(FLAGS).arg("-I").arg(&sdk);
            process::run(command.arg("-o").arg(&built).args(&sources))?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    Ok(())
}

/// A compiler command that makes WebAssembly, still without files.
fn compiler(workspace: &Workspace) -> Result<Command> {
    let tools = workspace.guests().with_file_name("tools").join("c");
    let python = tools.join("bin").join("python");
    if clang_installed() {
        return Ok(clang());
    }
    if zig_fetched(&python) {
        return Ok(zig(&python));
    }
    if debian::install(&DEBIAN_PACKAGES) && clang_installed() {
        return Ok(clang());
    }
    if fetch_zig(&tools, &python) {
        return Ok(zig(&python));
    }
    bail!(
        "no C compiler here makes WebAssembly: install clang and lld, on Debian by `apt-get install {}`, \
         or Python 3 with venv, by which {ZIGLANG} is fetched",
        DEBIAN_PACKAGES.join(" ")
    )
}

fn clang() -> Command {
    let mut command = Command::new("clang");
    // Stack first: one that overflows traps, and writes over no data.
    command.args(["--target=wasm32", "-Wl,--stack-first"]);
    command
}

fn zig(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "ziglang", "cc", "-target", "wasm32-freestanding"]);
    command
}

/// Whether there is a clang that knows WebAssembly, and its linker.
fn clang_installed() -> bool {
    process::ask(Command::new("clang").arg("--print-targets"))
        .is_some_and(|targets| targets.contains("wasm32"))
        && process::ask(Command::new("wasm-ld").arg("--version")).is_some()
}

fn zig_fetched(python: &Path) -> bool {
    process::ask(Command::new(python).args(["-m", "ziglang", "version"]))
        .is_some_and(|version| ZIGLANG.ends_with(&version))
}

/// Fetches Zig, whose C compiler is clang, into a Python environment of its own.
fn fetch_zig(tools: &Path, python: &Path) -> bool {
    println!("fetching {ZIGLANG}");
    succeeds(Command::new("python3").args(["-m", "venv"]).arg(tools))
        && succeeds(Command::new(python).args(["-m", "pip", "install", "--quiet", ZIGLANG]))
}

fn succeeds(command: &mut Command) -> bool {
    process::run(command)
        .inspect_err(|error| eprintln!("{error:#}"))
        .is_ok()
}
