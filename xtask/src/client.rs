//! Talks to a helper as the go command does, one request after the other.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::process;

/// A helper that runs, and has said what it knows.
pub(crate) struct Client {
    command: Command,
    child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    last: u64,
}

impl Client {
    /// Starts a helper, and reads its first message.
    pub(crate) fn start(mut command: Command) -> Result<Client> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| process::cannot_start(&command))?;
        let requests = child.stdin.take().context("no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let mut client = Client {
            command,
            child,
            requests,
            answers,
            last: 0,
        };
        let commands = client.answer()?;
        ensure!(
            commands["KnownCommands"] == json!(["get", "put", "close"]),
            "the first message is {commands}"
        );
        Ok(client)
    }

    /// The path that a get of this action is answered with; `None` for a miss. The answer must name
    /// the object's own bytes.
    pub(crate) fn get(&mut self, action: &str, object: &[u8]) -> Result<Option<String>> {
        let answer = self.ask(
            json!({ "Command": "get", "ActionID": hash(action.as_bytes()) }),
            None,
        )?;
        if answer["Miss"] == true {
            return Ok(None);
        }
        ensure!(
            answer["OutputID"] == hash(object),
            "another output: {answer}"
        );
        disk_path(&answer).map(Some)
    }

    /// The path that a put is answered with.
    pub(crate) fn put(&mut self, action: &str, object: &[u8]) -> Result<String> {
        let request = json!({
            "Command": "put",
            "ActionID": hash(action.as_bytes()),
            "OutputID": hash(object),
            "BodySize": object.len(),
        });
        disk_path(&self.ask(request, Some(object))?)
    }

    /// Ends the session, and waits until the helper has ended well.
    pub(crate) fn close(mut self) -> Result<()> {
        self.ask(json!({ "Command": "close" }), None)?;
        drop(self.requests);
        process::succeeded(&self.command, self.child.wait()?)
    }

    /// Ends the helper as a power loss of its own would.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn ask(&mut self, mut request: Value, body: Option<&[u8]>) -> Result<Value> {
        self.last += 1;
        request["ID"] = self.last.into();
        write!(self.requests, "{request}\n\n")?;
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            writeln!(self.requests, "\"{}\"", STANDARD.encode(body))?;
        }
        let answer = self.answer()?;
        ensure!(
            answer["ID"] == self.last && answer["Err"].is_null(),
            "{request} was answered with {answer}"
        );
        Ok(answer)
    }

    fn answer(&mut self) -> Result<Value> {
        let line = self
            .answers
            .next()
            .context("the program ended too early")??;
        serde_json::from_str(&line).with_context(|| format!("`{line}` is no message"))
    }
}

/// What stands for these bytes in a message.
fn hash(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

fn disk_path(answer: &Value) -> Result<String> {
    let path = answer["DiskPath"].as_str();
    path.map(str::to_owned)
        .with_context(|| format!("there is no path in {answer}"))
}
