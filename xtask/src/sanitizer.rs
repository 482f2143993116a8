//! Runs the program's unsafe code under the address sanitizer: the one test of
//! `host/policy/src/sanitized.rs`.
//!
//! The sanitizer comes with the compiler, and RUSTC_BOOTSTRAP enables it in stable releases. The
//! standard library is not instrumented; all other code is built for the sanitizer, in a folder of
//! its own: minutes the first time.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{self, Workspace};

/// The text for the summary if there is no sanitizer.
const WITHOUT_SANITIZER: &str =
    "unsafe code under a sanitizer: this compiler has none for this system";

/// Runs the test. Returns what was not checked, if anything.
pub(crate) fn check(workspace: &Workspace) -> Result<Option<&'static str>> {
    let host = workspace::host()?;
    if !is_there(&host)? {
        println!("NOT CHECKED: {WITHOUT_SANITIZER}");
        return Ok(Some(WITHOUT_SANITIZER));
    }
    let mut command = workspace.cargo();
    command
        .args([
            "test",
            "--package=cachewarden-policy-host",
            "--lib",
            "sanitized",
        ])
        // Build scripts and proc macros are built without a sanitizer.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", workspace.sanitized())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address");
    process::run(&mut command)?;
    Ok(None)
}

/// Whether the compiler has an address sanitizer for the system.
fn is_there(host: &str) -> Result<bool> {
    let folder = process::read(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = PathBuf::from(folder)
        .join("lib/rustlib")
        .join(host)
        .join("lib");
    let files = std::fs::read_dir(&libraries)
        .with_context(|| format!("cannot read {}", libraries.display()))?;
    // `librustc-stable_rt.asan.a`, and on macOS a dynamic one.
    Ok(files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().contains("_rt.asan.")))
}
