//! `stats` on a terminal and in a pipe: what fits there, and how `--watch` looks again and again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Signal, kill_process};

use super::full;
use crate::support::*;

/// What a terminal of so many columns shows.
#[track_caller]
fn shown(sandbox: &Sandbox, columns: u16) -> String {
    let (mut person, process) = terminal_of(columns);
    let mut command = sandbox.cachewarden(&["stats", "--color", "never"]);
    command.stdout(process).stderr(Stdio::null());
    let mut child = command.process_group(0).spawn().expect("it starts");
    let watchdog = Watchdog::over(child.id());
    // What it holds of the terminal would keep that open.
    drop(command);
    let mut shown = Vec::new();
    // A terminal that nobody has at its other end any more says so by an error.
    let _ = person.read_to_end(&mut shown);
    assert!(child.wait().expect("it ends").success());
    assert!(!watchdog.fired());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn what_is_printed_fits_the_terminal() {
    let sandbox = full();
    let long = "a-scope-whose-name-is-longer-than-what-is-left-of-a-terminal";
    sandbox.fill(&["--scope", long], &[action("x")], &[7; 100_000]);
    sandbox.settle();
    for columns in [50, 60, 80, 100] {
        let told = shown(&sandbox, columns);
        // A name is never cut.
        let is_name =
            |line: &&str| line.contains("://") || line.contains("/store") || *line == long;
        for line in told.lines().filter(|line| !is_name(line)) {
            let width = line.chars().count();
            assert!(width <= usize::from(columns), "{columns}: {line}: {told}");
        }
        assert!(
            told.contains(long) && told.contains("package-archive"),
            "{told}"
        );
        let has_last_column = told.lines().any(|line| line.ends_with("  busy"));
        assert_eq!(has_last_column, columns >= 80, "{columns}: {told}");
    }
    // Nobody says how many columns a pipe has.
    let told = sandbox.run(&["stats"]).succeeded().stdout;
    assert!(told.lines().any(|line| line.ends_with("  busy")), "{told}");
}

/// As often as it can be asked to look.
const OFTEN: &str = "0.1";

#[test]
fn a_pipe_gets_one_report_after_the_other_until_nobody_reads() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.settle();
    let mut command = sandbox.cachewarden(&["stats", "--watch", OFTEN]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().expect("it starts");
    let watchdog = Watchdog::over(child.id());
    let mut shown = BufReader::new(child.stdout.take().expect("a pipe"));
    // The rows of gets, one for each report.
    let mut next_gets = || {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(shown.read_line(&mut line).expect("lines") > 0, "it ended");
            assert!(!line.contains('\u{1b}'), "{line:?}");
            if let Some(gets) = line.strip_prefix("  gets ") {
                return gets.trim().to_owned();
            }
        }
    };
    assert_eq!(next_gets(), "0");
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("known")).hit();
    helper.close();
    while next_gets() != "1" {}
    drop(shown);
    let output = child.wait_with_output().expect("it ends");
    assert!(!watchdog.fired());
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_terminal_shows_the_newest_report_in_place_of_the_last_until_it_is_interrupted() {
    let sandbox = full();
    let (mut person, process) = terminal();
    // Whoever runs the tests in the background may have started them with the signal ignored.
    let mut command = sandbox.command(Path::new("env"));
    command.args(["--default-signal=INT", PROGRAM]);
    command.args(["stats", "--watch", OFTEN, "--color", "never"]);
    command.env("CACHEWARDEN_DIR", sandbox.store());
    command.env("TERM", "xterm").stdout(process);
    command.stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().expect("it starts");
    let watchdog = Watchdog::over(child.id());
    // What it holds of the terminal would keep that open.
    drop(command);
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    let frames = |shown: &[u8]| {
        let text = String::from_utf8_lossy(shown).into_owned();
        text.split("\u{1b}[H")
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    while frames(&shown).len() < 4 {
        let length = person.read(&mut part).expect("what it shows");
        shown.extend_from_slice(&part[..length]);
    }
    kill_process(process_id(child.id()), Signal::INT).expect("it is there");
    assert_eq!(child.wait().expect("it ends").signal(), Some(2));
    assert!(!watchdog.fired());
    let frames = frames(&shown);
    assert_eq!(frames[0], "\u{1b}[2J", "the screen is cleared once");
    for frame in &frames[1..3] {
        assert!(!frame.contains("\u{1b}[2J"), "{frame:?}");
        let frame = frame.strip_suffix("\u{1b}[J").expect("the end of a frame");
        let lines: Vec<_> = frame.lines().collect();
        assert!(
            lines.iter().all(|line| line.ends_with("\u{1b}[K")),
            "{frame:?}"
        );
        // It has 24 rows, and the cursor is on the last.
        assert!(lines.len() <= 23, "{frame:?}");
        let last = lines.last().expect("a line");
        assert!(
            last.starts_with("... ") && last.contains(" more lines"),
            "{frame:?}"
        );
        assert!(frame.contains("sessions so far"), "{frame:?}");
    }
}

#[test]
fn an_interval_that_nobody_can_mean_is_refused() {
    let sandbox = full();
    for wrong in ["0", "-1", "1ms", "often"] {
        let watch = format!("--watch={wrong}");
        let told = sandbox.run(&["stats", &watch]).exited(2).stderr;
        assert!(told.contains("--watch"), "{told}");
    }
    let told = sandbox.run(&["stats", "--watch=0"]).exited(2).stderr;
    assert!(told.contains("0.1 seconds or more"), "{told}");
}
