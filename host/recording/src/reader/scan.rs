//! Looks for lines in a recording of any size, such as a daemon's log, with bounded memory.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use serde::Deserialize;

use cachewarden_types::Digest;

use super::{NumberedLine, line};

/// The most bytes of a line. Those of a session's labels and settings are the longest; a longer one
/// counts as torn.
const MAX_LINE: u64 = 4 * 1024 * 1024;

/// Bytes of one read: a log is read from its beginning to its end.
const READ_AT_ONCE: usize = 256 * 1024;

/// What is read of every line: what it is, of which session, about which action.
#[derive(Debug, Deserialize)]
pub struct LineHead<'line> {
    /// The kind of the line.
    #[serde(borrow, rename = "line")]
    pub kind: Cow<'line, str>,
    /// The ID of its session.
    #[serde(borrow, default)]
    pub id: Option<Cow<'line, str>>,
    /// The action of a question or an answer.
    #[serde(default)]
    pub action: Option<Digest>,
}

/// Gives each line whose head is wanted to `found`; returns how many lines are torn, as after a
/// power loss.
///
/// # Errors
/// When it cannot be read.
pub fn scan(
    recording: impl Read,
    is_wanted: impl Fn(&LineHead<'_>) -> bool,
    mut found: impl FnMut(NumberedLine),
) -> io::Result<usize> {
    let mut reader = BufReader::with_capacity(READ_AT_ONCE, recording);
    let mut bytes = Vec::new();
    let mut torn = 0;
    for number in 1.. {
        bytes.clear();
        if (&mut reader).take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<LineHead<'_>>(&bytes) {
            Ok(head) if !is_wanted(&head) => {}
            Ok(_) => match std::str::from_utf8(&bytes).map(|json| line(number, json)) {
                Ok(Ok(line)) => found(line),
                Ok(Err(_)) | Err(_) => torn += 1,
            },
            Err(_) => torn += 1,
        }
    }
    Ok(torn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Line;

    #[test]
    fn what_is_wanted_is_found_beside_lines_that_are_torn() {
        let kept = include_str!("../fixtures/recording-1.jsonl");
        let cut = &kept[..kept.find('\n').unwrap() - 9];
        let long = "x".repeat(3 * MAX_LINE as usize);
        let text = [kept, cut, "\n\n", &long, "\n", kept].concat();
        let mut found = Vec::new();
        let is_wanted = |head: &LineHead<'_>| {
            head.kind == "close" && head.id.as_deref() == Some("c6c99da1856f416f")
        };
        let torn = scan(text.as_bytes(), is_wanted, |line| found.push(line.line)).unwrap();
        assert!(
            matches!(found[..], [Line::Close(_), Line::Close(_)]),
            "{found:?}"
        );
        // The long one is read in parts.
        assert_eq!(torn, 1 + 3);
        let action = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
        let action = Digest::from_hex(action);
        let mut about = 0;
        scan(
            text.as_bytes(),
            |head| head.action == action,
            |_| about += 1,
        )
        .unwrap();
        assert_eq!(about, 2 * kept.matches("\"action\":\"001122").count());
    }
}
