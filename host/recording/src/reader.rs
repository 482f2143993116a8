//! Reads recordings, and hand-written cases in the same format.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::line::Line;

/// A line of a recording, with its number.
#[derive(Clone, Debug)]
pub struct NumberedLine {
    /// The number of the line in the file, from 1.
    pub number: usize,
    /// The ID of its session; a hand-written case may leave it out.
    pub id: Option<String>,
    /// The index of its policy in the session's chain, from 0.
    pub policy_index: u32,
    /// The content of the line.
    pub line: Line,
}

/// Why a recording cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read the recording {}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
    /// A line does not have the format of docs/recording.md.
    #[error("{}:{number}: not a line of a recording: {reason}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The number of the line, from 1.
        number: usize,
        /// The parser's error.
        reason: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Head {
    line: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "policy-index")]
    policy_index: u32,
}

/// Reads a recording. Empty lines and lines of an unknown kind are ignored.
///
/// # Errors
/// When the file cannot be read, or a line is damaged.
pub fn read(file: &Path) -> Result<Vec<NumberedLine>, ReadError> {
    let text = fs::read_to_string(file).map_err(|reason| ReadError::File {
        file: file.to_owned(),
        reason,
    })?;
    parse(file, &text)
}

/// Reads the text of a recording; `file` is named in errors.
fn parse(file: &Path, text: &str) -> Result<Vec<NumberedLine>, ReadError> {
    let mut lines = Vec::new();
    for (number, json) in (1..).zip(text.lines()) {
        if json.trim().is_empty() {
            continue;
        }
        let read = serde_json::from_str::<Head>(json).and_then(|head| {
            let line = Line::from_json(&head.line, json).transpose()?;
            Ok((head.id, head.policy_index, line))
        });
        let (id, policy_index, line) = read.map_err(|reason| ReadError::Line {
            file: file.to_owned(),
            number,
            reason,
        })?;
        lines.extend(line.map(|line| NumberedLine {
            number,
            id,
            policy_index,
            line,
        }));
    }
    Ok(lines)
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests {
    use super::super::writer::WithId;
    use super::fuzzing::recording;
    use super::*;

    #[test]
    fn fuzz_recording() {
        cachewarden_fuzz::fuzz("recording", recording);
    }

    /// A recording of this format version. It stays readable for as long as this version is
    /// supported.
    #[test]
    fn a_kept_recording_is_read_whole() {
        let kept = include_str!("fixtures/recording-1.jsonl");
        let lines = parse(Path::new("recording-1.jsonl"), kept).unwrap();
        assert_eq!(lines.len(), kept.lines().count());
        for (line, text) in lines.iter().zip(kept.lines()) {
            let written = WithId {
                id: line.id.as_deref().unwrap(),
                policy_index: line.policy_index,
                line: &line.line,
            };
            let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            let written = serde_json::to_string(&written).unwrap();
            assert_eq!(json(&written), json(text));
        }
    }

    #[test]
    fn a_later_form_and_an_unknown_word_are_refused_by_their_line() {
        let kept = include_str!("fixtures/recording-1.jsonl");
        for (now, later, words) in [
            (
                "\"form\":1",
                "\"form\":2",
                ":1: not a line of a recording: the recording has form 2",
            ),
            (
                "\"tool-output\"",
                "\"output-of-tools\"",
                ":8: not a line of a recording: `output-of-tools` is no kind",
            ),
        ] {
            let text = kept.replace(now, later);
            let error = parse(Path::new("later.jsonl"), &text).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
