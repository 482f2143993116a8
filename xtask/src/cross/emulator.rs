//! Runs programs for another processor on this one, with QEMU's emulator of a user's programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::needs::processor;
use crate::workspace::{Workspace, host};
use crate::{debian, folders, process};

/// The program that emulates a 64-bit ARM, and Debian's package that has it.
pub(crate) const PROGRAM: &str = "qemu-aarch64-static";
pub(crate) const PACKAGE: &str = "qemu-user-static";

/// How a program for a target is run here.
pub(crate) enum Runner {
    Directly,
    By(PathBuf),
}

impl Runner {
    /// A command that runs a program, still without arguments.
    pub(crate) fn command(&self, program: &Path) -> Command {
        match self {
            Runner::Directly => Command::new(program),
            Runner::By(emulator) => {
                let mut command = Command::new(emulator);
                command.arg(program);
                command
            }
        }
    }
}

/// How to run a program for a target; `None` if the emulator is not here and cannot be fetched.
pub(crate) fn runner(workspace: &Workspace, triple: &str) -> Result<Option<Runner>> {
    if processor(triple) == processor(&host()?) {
        return Ok(Some(Runner::Directly));
    }
    if let Some(emulator) = process::find(PROGRAM) {
        return Ok(Some(Runner::By(emulator)));
    }
    let folder = super::folder(workspace).join("emulator");
    let emulator = folder.join("usr/bin").join(PROGRAM);
    let _lock = folders::lock(&folder)?;
    if !emulator.exists()
        && let Err(error) = debian::unpack(&[PACKAGE], &folder)
    {
        println!("{error:#}");
    }
    Ok(emulator.exists().then_some(Runner::By(emulator)))
}
