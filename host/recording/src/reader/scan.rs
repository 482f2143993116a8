//! Reads a recording of any size, such as a daemon's log, line by line, with bounded memory. Of
//! each line only what says who was answered what is looked at.

use std::io::{self, BufRead, BufReader, Read};

use serde::Deserialize;
use serde_json::value::RawValue;

use cachewarden_types::{Digest, Label};

use crate::line::{LostRecord, RemovedRecord};

/// The most bytes of a line. Those of a session's labels and settings are the longest; a longer one
/// counts as torn.
const MAX_LINE: u64 = 4 * 1024 * 1024;

/// Bytes of one read: a log is read from its beginning to its end.
const READ_AT_ONCE: usize = 256 * 1024;

/// What is looked at of a line. A text is as it was written: this program escapes nothing in these.
#[derive(Debug, Deserialize)]
pub struct ScannedLine<'line> {
    #[serde(rename = "line")]
    kind: &'line str,
    /// The ID of its session.
    pub id: Option<&'line str>,
    /// The action of a question or an answer.
    pub action: Option<Digest>,
    output: Option<Digest>,
    verdict: Option<&'line str>,
    command: Option<&'line str>,
    answer: Option<&'line str>,
    started: Option<u64>,
    #[serde(borrow)]
    labels: Option<&'line RawValue>,
    lines: Option<u64>,
    since: Option<u64>,
    until: Option<u64>,
}

impl ScannedLine<'_> {
    /// When a session began, and its labels; `None` where the line begins none.
    pub fn session(&self) -> Option<(u64, Vec<Label>)> {
        if self.kind != "session" {
            return None;
        }
        let labels = self.labels.map_or("[]", RawValue::get);
        Some((self.started?, serde_json::from_str(labels).ok()?))
    }

    /// What a get was answered, or what a policy accepted: the action, and the object where the
    /// line names it.
    pub fn read(&self) -> Option<(Digest, Option<Digest>)> {
        let is_hit = match self.kind {
            "get" => matches!(self.verdict, Some("hit" | "hit-verified")),
            "answer" => (self.command, self.answer) == (Some("get"), Some("hit")),
            _ => false,
        };
        is_hit.then_some((self.action?, self.output))
    }

    /// What is missing here.
    pub fn lost(&self) -> Option<LostRecord> {
        let record = || {
            Some(LostRecord {
                lines: self.lines?,
                since: self.since?,
                until: self.until?,
            })
        };
        (self.kind == "lost").then(record)?
    }

    /// What was removed before.
    pub fn removed(&self) -> Option<RemovedRecord> {
        let until = self.until.filter(|_| self.kind == "removed")?;
        Some(RemovedRecord { until })
    }
}

/// Gives each line to `found`; returns how many lines are torn, as after a power loss.
///
/// # Errors
/// When it cannot be read.
pub fn scan(recording: impl Read, mut found: impl FnMut(&ScannedLine<'_>)) -> io::Result<usize> {
    let mut reader = BufReader::with_capacity(READ_AT_ONCE, recording);
    let mut bytes = Vec::new();
    let mut torn = 0;
    loop {
        bytes.clear();
        if (&mut reader).take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(torn);
        }
        match serde_json::from_slice(&bytes) {
            Ok(line) => found(&line),
            Err(_) if bytes.trim_ascii().is_empty() => {}
            Err(_) => torn += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: &str = include_str!("../fixtures/recording-1.jsonl");

    #[test]
    fn each_line_says_who_was_answered_what_and_what_is_missing() {
        let (mut sessions, mut reads, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        let torn = scan(KEPT.as_bytes(), |line| {
            let id = || line.id.unwrap_or_default().to_owned();
            sessions.extend(line.session().map(|(started, labels)| {
                let names: Vec<_> = labels.into_iter().map(|label| label.name).collect();
                (id(), started, names)
            }));
            reads.extend(line.read().map(|(action, output)| (id(), action, output)));
            gaps.extend(line.lost().map(|lost| (lost.lines, lost.since, lost.until)));
            gaps.extend(line.removed().map(|removed| (0, 0, removed.until)));
        });
        assert_eq!(torn.unwrap(), 0);
        // The same that a whole reading finds.
        let lines = crate::reader::parse("kept".as_ref(), KEPT).unwrap();
        let id = || "c6c99da1856f416f".to_owned();
        let mut expected = (Vec::new(), Vec::new(), Vec::new());
        for line in lines {
            match line.line {
                crate::Line::Session(began) => {
                    let names = began.labels.into_iter().map(|label| label.name);
                    expected.0.push((id(), began.started, names.collect()));
                }
                crate::Line::Get(asked)
                    if asked.verdict <= cachewarden_types::Lookup::HitVerified =>
                {
                    let asked = asked.question;
                    expected.1.push((id(), asked.action, Some(asked.output)));
                }
                crate::Line::Answer(answer)
                    if answer.command == "get" && answer.answer == "hit" =>
                {
                    expected.1.push((id(), answer.action, None));
                }
                crate::Line::Lost(lost) => {
                    expected.2.push((lost.lines, lost.since, lost.until));
                }
                crate::Line::Removed(removed) => expected.2.push((0, 0, removed.until)),
                _ => {}
            }
        }
        assert_eq!((sessions, reads, gaps), expected);
        assert!(!expected.0.is_empty() && !expected.1.is_empty() && expected.2.len() == 2);
    }

    #[test]
    fn what_is_torn_or_too_long_is_counted_and_hides_nothing() {
        let cut = &KEPT[..KEPT.find('\n').unwrap() - 9];
        let long = "x".repeat(3 * MAX_LINE as usize);
        let text = [KEPT, cut, "\n\n", &long, "\n", KEPT].concat();
        let mut lines = 0;
        let torn = scan(text.as_bytes(), |_| lines += 1).unwrap();
        assert_eq!(lines, 2 * KEPT.lines().count());
        // The long one is read in parts.
        assert_eq!(torn, 1 + 3);
    }
}
