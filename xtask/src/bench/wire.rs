//! A client of helpers that sends the same requests as go, byte for byte, and does no other work.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::process;

/// The bytes of answers that are read at a time: as much as a pipe holds.
const BUFFER: usize = 64 * 1024;

/// A running helper.
pub(super) struct Client {
    command: Command,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    line: String,
}

impl Client {
    /// Starts a helper, and does not wait.
    pub(super) fn start(mut command: Command) -> Result<Client> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| process::cannot_start(&command))?;
        let requests = child.stdin.take().expect("stdin is a pipe");
        let answers = child.stdout.take().expect("stdout is a pipe");
        Ok(Client {
            command,
            child,
            requests,
            answers: BufReader::with_capacity(BUFFER, answers),
            line: String::new(),
        })
    }

    /// Starts a helper, and waits for its first message as go does.
    pub(super) fn ready(command: Command) -> Result<Client> {
        let mut client = Client::start(command)?;
        client.read_line()?;
        Ok(client)
    }

    /// Waits for one line.
    pub(super) fn read_line(&mut self) -> Result<&str> {
        self.line.clear();
        let count = self.answers.read_line(&mut self.line)?;
        ensure!(count > 0, "the helper ended without an answer");
        Ok(&self.line)
    }

    /// Sends one request and waits for its answer.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<&str> {
        self.requests.write_all(request)?;
        self.read_line()
    }

    /// Sends all requests as fast as the helper reads them, while the answers are read, in any
    /// order; returns the time from the first request to the last answer. Each request must be
    /// answered with a file.
    pub(super) fn pipeline(mut self, requests: &Requests) -> Result<Duration> {
        let mut answers = Vec::new();
        let started = Instant::now();
        let time = thread::scope(|scope| {
            let stream = &mut self.requests;
            let writer = scope.spawn(move || stream.write_all(&requests.bytes));
            let mut left = requests.count;
            while left > 0 {
                let part = self.answers.fill_buf()?;
                ensure!(!part.is_empty(), "the helper ended before its last answer");
                let ends = part.iter().filter(|byte| **byte == b'\n').count();
                left = left
                    .checked_sub(ends)
                    .context("the helper answered more than it was asked")?;
                answers.extend_from_slice(part);
                let count = part.len();
                self.answers.consume(count);
            }
            let time = started.elapsed();
            writer.join().expect("writing does not panic")?;
            Ok::<_, anyhow::Error>(time)
        })?;
        // go also closes when it waits for no more answers.
        self.ask(close(requests.count + 1).as_bytes())?;
        self.finish()?;
        let answers = String::from_utf8(answers)?;
        let files = answers
            .lines()
            .filter(|line| line.contains("\"DiskPath\":\"/"))
            .count();
        ensure!(
            files == requests.count,
            "{files} of {} requests were answered with a file",
            requests.count
        );
        Ok(time)
    }

    /// The peak memory of the helper so far, in bytes.
    pub(super) fn peak_memory(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
            .with_context(|| format!("{file} has no line VmHWM"))?;
        Ok(kilobytes * 1024)
    }

    /// Ends the stream, and waits for the helper's end.
    pub(super) fn finish(self) -> Result<()> {
        let Client {
            command,
            mut child,
            requests,
            mut answers,
            ..
        } = self;
        drop(requests);
        let mut rest = Vec::new();
        answers.read_to_end(&mut rest)?;
        ensure!(
            rest.is_empty(),
            "the helper answered more than it was asked"
        );
        process::succeeded(&command, child.wait()?)
    }
}

/// Encoded requests; their IDs begin with 1.
#[derive(Default)]
pub(super) struct Requests {
    bytes: Vec<u8>,
    pub(super) count: usize,
}

impl Requests {
    /// Adds a get.
    pub(super) fn get(&mut self, action: &str) {
        self.count += 1;
        let text = get(self.count, action);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Adds a put: digests and body in base64, and the number of bytes that the body stands for.
    pub(super) fn put(&mut self, action: &str, output: &str, body: &str, size: usize) {
        self.count += 1;
        let request = put(self.count, action, output, body, size);
        self.bytes.extend_from_slice(request.as_bytes());
    }
}

/// A get as go sends it.
pub(super) fn get(id: usize, action: &str) -> String {
    format!("{{\"ID\":{id},\"Command\":\"get\",\"ActionID\":\"{action}\"}}\n\n")
}

/// A put as go sends it.
pub(super) fn put(id: usize, action: &str, output: &str, body: &str, size: usize) -> String {
    format!(
        "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{action}\",\"OutputID\":\"{output}\",\"BodySize\":{size}}}\n\n\"{body}\"\n"
    )
}

fn close(id: usize) -> String {
    format!("{{\"ID\":{id},\"Command\":\"close\"}}\n\n")
}
