//! Talks to a packaged program as the go command does: a miss, a put, a hit, and the end. This is
//! all of the program that can be tried where the go command does not run, as under an emulator.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::process;

use super::PACKAGE;
use super::check::Made;
use super::tree::{PROGRAM, read};

/// The object that is put.
const OBJECT: &[u8] = b"an object of a build\n";

pub(super) fn check(made: &Made<'_>) -> Result<()> {
    let folder = made.scratch.join("exchange");
    let program = folder.join(PACKAGE);
    super::write(&program, &made.release.files.get(PACKAGE)?.bytes)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(PROGRAM);
    std::fs::set_permissions(&program, mode)?;
    let runner = made.release.runner()?;
    // Twice: the second process finds what the first one has written.
    for expected in [Found::Nothing, Found::TheObject] {
        let mut command = runner.command(&program);
        command
            .env("CACHEWARDEN_DIR", folder.join("store"))
            .env("HOME", &folder)
            .env_remove("CACHEWARDEN_POLICY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| process::cannot_start(&command))?;
        let mut requests = child.stdin.take().context("no stdin")?;
        let mut answers = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let mut answer = || -> Result<Value> {
            let line = answers.next().context("the program ended too early")??;
            serde_json::from_str(&line).with_context(|| format!("`{line}` is no message"))
        };
        let commands = answer()?;
        ensure!(
            commands["KnownCommands"] == json!(["get", "put", "close"]),
            "the first message is {commands}"
        );
        let action = STANDARD.encode(Sha256::digest(b"an action"));
        let output = STANDARD.encode(Sha256::digest(OBJECT));
        let get = json!({ "ID": 1, "Command": "get", "ActionID": action });
        write!(requests, "{get}\n\n")?;
        let found = answer()?;
        match expected {
            Found::Nothing => ensure!(found["Miss"] == true, "not a miss: {found}"),
            Found::TheObject => is_the_object(&found, &output)?,
        }
        let size = OBJECT.len();
        let put = json!({
            "ID": 2, "Command": "put", "ActionID": action, "OutputID": output, "BodySize": size,
        });
        write!(requests, "{put}\n\n\"{}\"\n", STANDARD.encode(OBJECT))?;
        let kept = answer()?;
        let path = kept["DiskPath"].as_str();
        let path = path.with_context(|| format!("the put was answered with {kept}"))?;
        ensure!(read(path.as_ref())? == OBJECT, "{path} has other bytes");
        let get = json!({ "ID": 3, "Command": "get", "ActionID": action });
        write!(requests, "{get}\n\n")?;
        is_the_object(&answer()?, &output)?;
        write!(requests, "{}\n\n", json!({ "ID": 4, "Command": "close" }))?;
        let closed = answer()?;
        ensure!(closed["ID"] == 4, "the end was answered with {closed}");
        drop(requests);
        process::succeeded(&command, child.wait()?)?;
    }
    Ok(())
}

/// What the first get of a process finds.
enum Found {
    Nothing,
    TheObject,
}

fn is_the_object(answer: &Value, output: &str) -> Result<()> {
    let path = answer["DiskPath"].as_str();
    let path = path.with_context(|| format!("not a hit: {answer}"))?;
    ensure!(read(path.as_ref())? == OBJECT, "{path} has other bytes");
    ensure!(answer["OutputID"] == output, "another output: {answer}");
    Ok(())
}
