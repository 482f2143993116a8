//! Talks to a packaged program as the go command does: a miss, a put, a hit, and the end. This is
//! all of the program that can be tried where the go command does not run, as under an emulator.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};

use crate::client::Client;

use super::PACKAGE;
use super::check::Made;
use super::tree::{PROGRAM, read};

/// The object that is put, and its action.
const OBJECT: &[u8] = b"an object of a build\n";
const ACTION: &str = "an action";

pub(super) fn check(made: &Made<'_>) -> Result<()> {
    let folder = made.scratch.join("exchange");
    let program = folder.join(PACKAGE);
    super::write(&program, &made.release.files.get(PACKAGE)?.bytes)?;
    std::fs::set_permissions(&program, PermissionsExt::from_mode(PROGRAM))?;
    let runner = made.release.runner()?;
    let is_object = |path: &str| -> Result<()> {
        ensure!(read(path.as_ref())? == OBJECT, "{path} has other bytes");
        Ok(())
    };
    // The second process finds what the first one has written.
    for is_there in [false, true] {
        let mut command = runner.command(&program);
        command
            .env("CACHEWARDEN_DIR", folder.join("store"))
            .env("HOME", &folder)
            .env_remove("CACHEWARDEN_POLICY");
        let mut client = Client::start(command)?;
        let found = client.get(ACTION, OBJECT)?;
        ensure!(found.is_some() == is_there, "the get found {found:?}");
        found.as_deref().map_or(Ok(()), is_object)?;
        is_object(&client.put(ACTION, OBJECT)?)?;
        let found = client.get(ACTION, OBJECT)?;
        is_object(&found.context("what was put is a miss")?)?;
        client.close()?;
    }
    Ok(())
}
