//! Reads recordings, and hand-written cases in the same format.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use cachewarden_system::safe_open;
use cachewarden_types::{Code, Problem};

use super::fields::Fields;
use super::line::Line;

mod scan;

pub use scan::{ScannedLine, scan};

/// Bytes of a recording that is read: those of some 800,000 questions. It is read whole.
const MAX_SIZE: u64 = 256 * 1024 * 1024;

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
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read the recording {}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A line does not have the format of docs/recording.md.
    #[error("{}:{number}: not a line of a recording", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The number of the line, from 1.
        number: usize,
        /// The parser's error.
        source: serde_json::Error,
    },
}

impl Problem for ReadError {
    fn code(&self) -> Code {
        match self {
            Self::File { .. } => Code::CasesUnreadable,
            Self::Line { .. } => Code::CaseInvalid,
        }
    }
}

/// Reads a recording. Empty lines are ignored. An unknown kind of line or an unknown field is an
/// error: in a hand-written case it is a typing mistake, and the case would pass without being
/// checked.
///
/// # Errors
/// When the file cannot be read or is no regular file, is larger than 256 MiB, or a line is not
/// what docs/recording.md says.
pub fn read(file: &Path) -> Result<Vec<NumberedLine>, ReadError> {
    parse(file, &read_text(file)?)
}

fn read_text(file: &Path) -> Result<String, ReadError> {
    let unreadable = |source| ReadError::File {
        file: file.to_owned(),
        source,
    };
    let too_large = || io::Error::other("it is larger than 256 MiB; give fewer sessions at a time");
    let bytes = safe_open::read_at_most(file, MAX_SIZE).map_err(unreadable)?;
    let bytes = bytes.ok_or_else(|| unreadable(too_large()))?;
    String::from_utf8(bytes)
        .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))
}

/// Reads the text of a recording; `file` is named in errors.
fn parse(file: &Path, text: &str) -> Result<Vec<NumberedLine>, ReadError> {
    let named = lines(text).map(|(number, line)| {
        line.map_err(|source| ReadError::Line {
            file: file.to_owned(),
            number,
            source,
        })
    });
    named.collect()
}

/// Each line with its number, without those that are empty.
fn lines(text: &str) -> impl Iterator<Item = (usize, serde_json::Result<NumberedLine>)> {
    (1..)
        .zip(text.lines())
        .filter(|(_, json)| !json.trim().is_empty())
        .map(|(number, json)| (number, line(number, json)))
}

fn line(number: usize, json: &str) -> serde_json::Result<NumberedLine> {
    let mut fields: Fields = serde_json::from_str(json)?;
    let name: String = fields.need("line")?;
    Ok(NumberedLine {
        number,
        id: fields.take::<Option<String>>("id")?.flatten(),
        policy_index: fields.take("policy-index")?.unwrap_or(0),
        line: Line::from_fields(&name, fields)?,
    })
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
                id: line.id.as_deref(),
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
            let error = parse(Path::new("later.jsonl"), &text).unwrap_err().told();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn what_a_line_does_not_have_is_refused_by_its_name() {
        let session = r#"{"line":"session"}"#;
        for (line, words) in [
            (
                r#"{"line":"sesion"}"#,
                "`sesion` is no kind of line; expected one of session, open",
            ),
            (
                r#"{"line":"session","lables":[]}"#,
                "unknown field `lables`",
            ),
            (
                r#"{"line":"session","labels":[{"name":"A","value":"1","verfied":true}]}"#,
                "unknown field `verfied`",
            ),
            (
                r#"{"line":"open","grant":{"wirte":"main"}}"#,
                "unknown field `wirte`",
            ),
            (
                r#"{"line":"open","grant":{},"grnat":{}}"#,
                "unknown field `grnat`",
            ),
            (
                r#"{"line":"get","size":1,"kind":"probe","verdict":"hit","scop":1}"#,
                "unknown field `scop`",
            ),
            (
                r#"{"line":"put","size":1,"kind":"probe","verdict":"local","age":1}"#,
                "unknown field `age`",
            ),
            (
                r#"{"line":"log","level":"warn","message":"m","text":"t"}"#,
                "unknown field `text`",
            ),
            (r#"{"line":"reopened","grant":{}}"#, "unknown field `grant`"),
            (
                r#"{"line":"close","totals":{"get":1}}"#,
                "unknown field `get`",
            ),
            (
                r#"{"line":"off","reason":"r","reason":"s"}"#,
                "duplicate field `reason`",
            ),
            (
                r#"{"line":"put","size":1,"kind":"probe"}"#,
                "missing field `verdict`",
            ),
        ] {
            let error = parse(Path::new("c.jsonl"), &format!("{session}\n\n{line}"))
                .unwrap_err()
                .told();
            assert!(
                error.starts_with("c.jsonl:3: ") && error.contains(words),
                "{line}: {error}"
            );
        }
    }
}
