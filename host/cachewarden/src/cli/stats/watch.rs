//! `--watch`: looks again and again, until Ctrl-C ends the process.
//!
//! A terminal shows the newest report in the place of the one before, as much of it as there are
//! rows. Anything else gets one report after the other, without control characters; an empty line
//! stands between two. Nothing is left to be undone: the cursor is shown, and the screen is the
//! usual one.

use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::screen::Screen;

/// A large store takes long to read: the processor and the disk are for builds, so this many times
/// as long nothing is read.
const REST: u32 = 9;

/// Clears the screen.
const CLEAR: &str = "\u{1b}[2J";

/// Goes to the first place of the screen.
const HOME: &str = "\u{1b}[H";

/// Clears the rest of the line.
const CLEAR_LINE: &str = "\u{1b}[K";

/// Clears what is below.
const CLEAR_BELOW: &str = "\u{1b}[J";

/// Looks until the process is ended, or nobody reads any more.
pub(super) fn watch(
    interval: Duration,
    mut look: impl FnMut() -> Result<String, Failure>,
) -> Result<(), Failure> {
    let mut before = "";
    loop {
        let began = Instant::now();
        let text = look()?;
        let took = began.elapsed();
        let screen = Screen::of_stdout();
        let shown = match screen.rows {
            Some(rows) => {
                let clear = match before.is_empty() {
                    true => CLEAR,
                    false => "",
                };
                clear.to_owned() + &frame(&text, screen, rows)
            }
            None => format!("{before}{text}"),
        };
        before = "\n";
        if !is_read(&shown)? {
            return Ok(());
        }
        sleep(interval.max(took.saturating_mul(REST)));
    }
}

/// Prints, and says whether somebody is there to read it.
fn is_read(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(output::not_printed(&error)),
    }
}

/// A text in the place of the one before. The last row says how many lines there was no room for.
fn frame(text: &str, screen: Screen, rows: usize) -> String {
    // The cursor stands on a row of its own.
    let room = rows.saturating_sub(1).max(1);
    let all: usize = text.lines().map(|line| screen.rows_of(line)).sum();
    let mut left = match all <= room {
        true => room,
        false => room - 1,
    };
    let (mut frame, mut more) = (HOME.to_owned(), 0_u64);
    for line in text.lines() {
        let taken = screen.rows_of(line);
        if more > 0 || taken > left {
            more += 1;
            continue;
        }
        left -= taken;
        frame.push_str(&format!("{line}{CLEAR_LINE}\n"));
    }
    if more > 0 {
        let more = output::count(more, "more line");
        frame.push_str(&format!("... {more}{CLEAR_LINE}\n"));
    }
    frame + CLEAR_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, rows: usize) -> Vec<String> {
        let screen = Screen {
            columns: 10,
            rows: Some(rows),
        };
        let frame = frame(text, screen, rows);
        let frame = frame.strip_prefix(HOME).unwrap();
        let frame = frame.strip_suffix(CLEAR_BELOW).unwrap();
        let lines = frame.lines().map(|line| line.strip_suffix(CLEAR_LINE));
        lines.map(|line| line.unwrap().to_owned()).collect()
    }

    #[test]
    fn a_frame_has_as_many_lines_as_there_are_rows() {
        assert_eq!(shown("a\nb\nc\n", 4), ["a", "b", "c"]);
        assert_eq!(shown("a\nb\nc\nd\n", 4), ["a", "b", "... 2 more lines"]);
        let long = "x".repeat(11);
        let text = format!("a\n{long}\nb\nc\n");
        assert_eq!(shown(&text, 5), ["a", &long, "... 2 more lines"]);
        assert_eq!(shown(&text, 4), ["a", "... 3 more lines"]);
        assert_eq!(shown("a\nb\n", 1), ["... 2 more lines"]);
        assert_eq!(shown("a\n", 0), ["a"]);
    }
}
