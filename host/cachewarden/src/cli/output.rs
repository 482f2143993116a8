//! Output of the verbs that a person calls. Helper mode never comes here: its stdout is the
//! protocol.

use std::io::{self, Write};

use cachewarden_types::{Code, line};

pub(super) use cachewarden_types::count;

use super::failure::Failure;

/// Prints to stdout. A reader that has enough (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(not_printed(&error)),
        _ => Ok(()),
    }
}

/// Why something was not printed.
pub(super) fn not_printed(error: &io::Error) -> Failure {
    Failure::new(
        Code::System,
        format!("cannot write to standard output: {error}"),
    )
}

/// Says what ends the program.
pub(super) fn fail(failure: &Failure) {
    say(&line(&failure.code().error(failure.text())));
    for line in failure.below() {
        say(line);
    }
}

/// Says what a person should know, though the program goes on.
pub(super) fn warn(code: Code, text: &str) {
    say(&line(&code.warning(text)));
}

/// Prints a line to stderr that is neither an error nor a warning.
pub(super) fn say(text: &str) {
    // Nobody is left to be told that stderr is gone.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Asks a person something, who answers on the same line.
pub(super) fn ask(question: &str) {
    let _ = io::stderr().write_all(question.as_bytes());
}

/// Says that a verb waits for another process that is at work on the store.
pub(super) fn warn_of_waiting(process: Option<u32>) {
    let who = match process {
        Some(process) => format!("process {process}"),
        None => "another process".to_owned(),
    };
    warn(
        Code::StoreBusy,
        &format!("waiting for {who}, which trims or verifies the store, or reads it as a base"),
    );
}

/// Bytes as a person says them: `46.2 MB`.
pub(super) fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().si().to_string()
}

/// Seconds as a person says them: the two largest units.
pub(super) fn age(seconds: u64) -> String {
    let text = humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string();
    let units: Vec<_> = text.split(' ').take(2).collect();
    units.join(" ")
}
