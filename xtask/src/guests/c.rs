//! Policies in C: each is one file, compiled along with the SDK's one source file.
//!
//! The compiler is, in this order: clang with wasm-ld, if this machine has them; Zig's, from PyPI;
//! Debian's packages. Zig's and Debian's are of the same size, 400 MB; but Zig's goes into target/
//! in a pinned version, and changes nothing else on the machine. If all fail, the error says what
//! to install.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{debian, process};

use super::missing::MissingTool;
use super::up_to_date::{is_newer, note_recipe, was_built_with};
use super::versions::ZIGLANG;
use super::{publish, shims, zig_compiler};

const NAME: &str = "c";

/// Each policy and its folder.
const POLICIES: [(&str, &str); 2] = [
    ("trusted-branches", "examples/trusted-branches/c"),
    ("mirror", "guest-sdk/conformance/c"),
];

const SDK: &str = "guest-sdk/c";

/// The Debian packages; any version from 14 on.
const DEBIAN_PACKAGES: [&str; 2] = ["clang", "lld"];

/// The same as in the Makefile of every project.
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

/// Builds the policies that have changed.
pub(super) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let folder = workspace.guest_build().join("c");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let sdk = workspace.root().join(SDK);
    for (policy, source_folder) in POLICIES {
        let source = workspace.root().join(source_folder).join(policy);
        let sources = [source.with_extension("c"), sdk.join("cachewarden.c")];
        let header = sdk.join("cachewarden.h");
        let built = folder.join(policy).with_extension("wasm");
        let mut command = compiler(workspace)?;
        command.args(FLAGS).arg("-I").arg(&sdk);
        let recipe = format!("{}\n{command:?}\n", version()?);
        if !is_newer(&built, sources.iter().chain([&header]))? || !was_built_with(&built, &recipe) {
            process::run(command.arg("-o").arg(&built).args(&sources))?;
            note_recipe(&built, &recipe)?;
        }
        publish(&built, &out.join(policy).with_extension("wasm"))?;
    }
    provide_shims(workspace)
}

/// Runs the SDK's tests, with the C compiler of this machine.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let mut command = Command::new("make");
    command.current_dir(workspace.root().join(SDK));
    process::run(command.args(["--silent", "test"]))
}

/// The tools that build an author's project.
pub(super) fn tools(_workspace: &Workspace) -> Result<String> {
    version()
}

/// The compiler's name and version.
fn version() -> Result<String> {
    if !clang_installed() {
        return Ok(format!("zig cc {ZIGLANG}"));
    }
    // `Debian clang version 14.0.6`, `clang version 20.1.2 (...)`
    let said = process::read(Command::new("clang").arg("--version"))?;
    let version = said.split_once("version ").map(|(_, rest)| rest);
    let version = version.and_then(|rest| rest.split_whitespace().next());
    Ok(format!("clang {}", version.unwrap_or("of no version")))
}

/// A compiler command for WebAssembly, without files.
fn compiler(workspace: &Workspace) -> Result<Command> {
    if clang_installed() {
        return Ok(clang());
    }
    let error = match zig_compiler::fetch(workspace) {
        Ok(zig) => return Ok(compiling_c(zig)),
        Err(error) => error,
    };
    if debian::install(&DEBIAN_PACKAGES) && clang_installed() {
        return Ok(clang());
    }
    Err(MissingTool(format!(
        "no C compiler here makes WebAssembly: install clang and lld, on Debian by `apt-get install {}` ({error:#})",
        DEBIAN_PACKAGES.join(" ")
    ))
    .into())
}

fn clang() -> Command {
    let mut command = Command::new("clang");
    // With the stack first, an overflow traps, and does not overwrite data.
    command.args(["--target=wasm32", "-Wl,--stack-first"]);
    command
}

/// Zig's linker has no option for the position of the stack.
fn compiling_c(mut zig: Command) -> Command {
    zig.args(["cc", "-target", "wasm32-freestanding"]);
    zig
}

/// Shims: an author has make and a compiler, with the name in the Makefile or given to make.
fn provide_shims(workspace: &Workspace) -> Result<()> {
    if clang_installed() {
        return shims::provide(workspace, NAME, &["clang", "wasm-ld", "make"]);
    }
    let zig = zig_compiler::fetch(workspace)?;
    shims::provide_as(workspace, NAME, "zig", &zig)?;
    let mut make = Command::new("make");
    make.arg("COMPILE=zig cc -target wasm32-freestanding");
    shims::provide_as(workspace, NAME, "make", &make)
}

/// Whether there is a clang with a WebAssembly target, and its linker.
fn clang_installed() -> bool {
    process::ask(Command::new("clang").arg("--print-targets"))
        .is_some_and(|targets| targets.contains("wasm32"))
        && process::ask(Command::new("wasm-ld").arg("--version")).is_some()
}
