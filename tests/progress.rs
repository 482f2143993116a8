//! How far a verb is, for a person who waits for it: a bar on a terminal, and nothing anywhere
//! else.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::*;

/// What is over sooner has no bar.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// Runs a verb that takes longer than that, since it has to wait for a lock. What its stderr shows,
/// after the line about the waiting, and its stdout.
#[track_caller]
fn slow(sandbox: &Sandbox, verb: &[&str], stderr: Stdio, shown: File) -> (String, String) {
    let trimmer = File::open(sandbox.store().join("trim")).expect("the trimmer's memory");
    trimmer.lock().expect("nobody has it");
    let mut command = sandbox.cachewarden(verb);
    command
        .env("TERM", "xterm")
        .stdout(Stdio::piped())
        .stderr(stderr);
    let child = command.spawn().expect("it starts");
    let watchdog = Watchdog::over(child.id());
    // What it holds of the terminal would keep that open.
    drop(command);
    let mut shown = BufReader::new(shown);
    let mut line = String::new();
    shown.read_line(&mut line).expect("it says that it waits");
    assert!(line.contains("waiting for process"), "{line}");
    // It has begun by now; what is waited for is time itself.
    thread::sleep(BAR_AFTER);
    drop(trimmer);
    let mut rest = Vec::new();
    // A terminal that nobody has at its other end any more says so by an error.
    let _ = shown.read_to_end(&mut rest);
    let output = child.wait_with_output().expect("it ends");
    assert!(!watchdog.fired());
    assert!(output.status.success(), "{output:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&rest), text(&output.stdout))
}

#[test]
fn a_bar_shows_on_a_terminal_and_is_taken_away() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    for (verb, last) in [
        (&["verify"][..], "Checked 1 object"),
        (&["prune"], "Removed 0 entries"),
    ] {
        let (person, process) = terminal();
        let (shown, stdout) = slow(&sandbox, verb, process.into(), person);
        assert!(
            shown.contains(" % ") && shown.contains(" left"),
            "{verb:?}: {shown:?}"
        );
        // The last it does is to clear its line.
        let (_, after) = shown.rsplit_once(" left").expect("a bar");
        assert!(after.contains("\u{1b}[2K"), "{verb:?}: {shown:?}");
        assert!(!after.contains('%'), "{verb:?}: {shown:?}");
        assert!(stdout.starts_with(last), "{verb:?}: {stdout}");
        assert_eq!(stdout.lines().count(), 1, "no bar there: {stdout}");
    }
}

#[test]
fn no_bar_shows_where_there_is_no_terminal() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    for verb in [["verify"], ["prune"]] {
        let (read, write) = std::io::pipe().expect("a pipe");
        let read = File::from(std::os::fd::OwnedFd::from(read));
        let (shown, _) = slow(&sandbox, &verb, write.into(), read);
        assert_eq!(shown, "", "{verb:?}");
    }
}
