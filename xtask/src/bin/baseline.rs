//! The baseline of `cargo xtask bench`: a helper that looks nothing up, checks nothing and decides
//! nothing.
//!
//! It reads all answers from one file when it starts, whose lines are `<ActionID> <answer without
//! its ID>`, sorted. Its cost is the cost of the protocol, so no helper can be faster. It is not a
//! cache: it takes no puts, and reports requests that are not in the file.

use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Characters of a SHA-256 in base64.
const DIGEST: usize = 44;

const BUFFER: usize = 64 * 1024;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "baseline: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(b"{\"ID\":0,\"KnownCommands\":[\"get\",\"put\",\"close\"]}\n")?;
    stdout.flush()?;
    let path = std::env::args_os().nth(1).unwrap_or_default();
    let text = std::fs::read_to_string(path)?;
    let known: Vec<&str> = text.lines().collect();

    let mut stdin = io::stdin().lock();
    let mut input = Vec::with_capacity(BUFFER);
    let mut answers = Vec::with_capacity(BUFFER);
    let mut part = vec![0; BUFFER];
    loop {
        let count = stdin.read(&mut part)?;
        if count == 0 {
            return Ok(());
        }
        input.extend_from_slice(&part[..count]);
        let mut start = 0;
        while let Some(length) = input[start..].iter().position(|byte| *byte == b'\n') {
            answer(&input[start..start + length], &known, &mut answers);
            start += length + 1;
        }
        input.drain(..start);
        // The requests of one read are answered in one write.
        io::Write::write_all(&mut stdout, &answers)?;
        stdout.flush()?;
        answers.clear();
    }
}

/// Answers a line. Bodies of puts, and the blank lines between requests, need no answer.
fn answer(line: &[u8], known: &[&str], answers: &mut Vec<u8>) {
    let Some(rest) = line.strip_prefix(b"{\"ID\":") else {
        return;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    answers.extend_from_slice(b"{\"ID\":");
    answers.extend_from_slice(&rest[..digits]);
    let rest = &rest[digits..];
    let get = b",\"Command\":\"get\",\"ActionID\":\"";
    if rest.starts_with(b",\"Command\":\"close\"") {
        answers.extend_from_slice(b"}\n");
    } else if let Some(found) = rest
        .strip_prefix(get)
        .and_then(|rest| rest.get(..DIGEST))
        .and_then(|action| find(action, known))
    {
        answers.push(b',');
        answers.extend_from_slice(found.as_bytes());
        answers.push(b'\n');
    } else {
        let _ = writeln!(io::stderr(), "baseline: {}", line.escape_ascii());
        answers.extend_from_slice(b",\"Err\":\"the baseline does not know this\"}\n");
    }
}

fn find<'text>(action: &[u8], known: &[&'text str]) -> Option<&'text str> {
    let index = known
        .binary_search_by(|line| line.as_bytes()[..DIGEST].cmp(action))
        .ok()?;
    Some(&known[index][DIGEST + 1..])
}
