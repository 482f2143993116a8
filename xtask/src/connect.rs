//! Builds `cachewarden-connect`, which go starts for every command: it must be small, and run in
//! any container, with whatever C library or none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::{Workspace, host};

const PACKAGE: &str = "cachewarden-connect";

/// The profile in Cargo.toml.
const PROFILE: &str = "connect";

/// The most bytes of the program with musl, as it is released.
const MOST_WITH_MUSL: u64 = 1_000_000;

/// The most bytes with glibc: a program that prints one line has 1.1 MB.
const MOST_WITH_GLIBC: u64 = 1_500_000;

/// The type of an ELF program header that names a dynamic linker (PT_INTERP).
const INTERPRETER: u32 = 3;

/// Builds the program, and says where it is.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let built = build(workspace)?;
    println!("{}: {} bytes", built.program.display(), built.size()?);
    Ok(())
}

/// Builds the program, and checks that it is static and small. Returns what could not be checked.
pub(crate) fn check(workspace: &Workspace) -> Result<Option<&'static str>> {
    let built = build(workspace)?;
    let bytes = fs::read(&built.program)?;
    ensure!(
        !has_interpreter(&bytes).context("the program is not a 64-bit ELF file")?,
        "{} is linked dynamically",
        built.program.display()
    );
    let (most, unchecked) = match built.has_musl {
        true => (MOST_WITH_MUSL, None),
        false => (
            MOST_WITH_GLIBC,
            Some(
                "cachewarden-connect below 1 MB: it was built with glibc; \
                 rustup target add x86_64-unknown-linux-musl",
            ),
        ),
    };
    let size = built.size()?;
    ensure!(
        size <= most,
        "{} has {size} bytes; {most} is the most",
        built.program.display()
    );
    Ok(unchecked)
}

pub(crate) struct Built {
    pub(crate) program: PathBuf,
    pub(crate) has_musl: bool,
}

impl Built {
    fn size(&self) -> Result<u64> {
        let metadata = fs::metadata(&self.program);
        let metadata = metadata.with_context(|| self.program.display().to_string())?;
        Ok(metadata.len())
    }
}

/// With musl where the compiler has it, else with glibc.
pub(crate) fn build(workspace: &Workspace) -> Result<Built> {
    let host = host()?;
    let musl = host.replace("-gnu", "-musl");
    let has_musl = is_installed(&musl)?;
    let target = if has_musl { &musl } else { &host };
    let mut command = workspace.cargo();
    command
        .args(["build", "--package", PACKAGE, "--bin", PACKAGE])
        .args(["--profile", PROFILE, "--target", target])
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    process::run(&mut command)?;
    let program = workspace.program_for(target, PROFILE, PACKAGE);
    Ok(Built { program, has_musl })
}

/// Whether the compiler in PATH has the standard library for a target.
pub(crate) fn is_installed(target: &str) -> Result<bool> {
    let mut command = std::process::Command::new("rustc");
    let folder = process::read(command.args(["--print=target-libdir", "--target", target]))?;
    Ok(Path::new(&folder).is_dir())
}

/// Whether an ELF file names a dynamic linker; `None` if it is no 64-bit, little-endian one.
fn has_interpreter(file: &[u8]) -> Option<bool> {
    const HEADERS_OFFSET: usize = 0x20;
    const HEADER_SIZE: usize = 0x36;
    const HEADER_COUNT: usize = 0x38;
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let short = |at: usize| {
        let bytes = file.get(at..at + 2)?.try_into().ok()?;
        Some(usize::from(u16::from_le_bytes(bytes)))
    };
    let offset = file.get(HEADERS_OFFSET..HEADERS_OFFSET + 8)?;
    let offset = usize::try_from(u64::from_le_bytes(offset.try_into().ok()?)).ok()?;
    let (size, count) = (short(HEADER_SIZE)?, short(HEADER_COUNT)?);
    let mut types = (0..count).map(|index| {
        let at = offset.checked_add(index * size)?;
        let bytes = file.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    });
    types.try_fold(false, |found, kind| Some(found || kind? == INTERPRETER))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test's own program has a dynamic linker.
    #[test]
    #[cfg(target_env = "gnu")]
    fn a_dynamic_program_is_seen() {
        let own = std::env::current_exe().expect("this program");
        let own = fs::read(own).expect("this program");
        assert_eq!(has_interpreter(&own), Some(true));
        assert_eq!(has_interpreter(&own[..100]), None);
        assert_eq!(has_interpreter(b"#!/bin/sh"), None);
    }
}
