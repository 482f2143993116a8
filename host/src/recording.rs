//! Writes a session down as JSON lines: the decision log, and what a replay reads. The format is docs/recording.md.
//!
//! Each line is whole and goes out in one write, so a killed session leaves nothing but whole lines, and several
//! sessions may append to one file: every line carries its session's `id`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::content::Kind;
use crate::digest::Digest;
use crate::policy::{Candidate, Grant, Label, Level, Lookup, Offer, Reach, Refusal};
use crate::store::Tally;

/// Where a session is written down, if it is.
pub struct Recorder {
    file: Option<File>,
    id: String,
}

/// One line, without its session's `id`.
#[derive(Serialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum Line<'session> {
    /// What the policy is told at the beginning.
    Session {
        /// The version of the contract.
        contract: &'static str,
        /// The SHA-256 of the policy; none without one.
        policy: Option<Digest>,
        /// The scope that `--scope` names.
        scope: &'session str,
        /// Seconds since 1970.
        started: u64,
        /// The session's random number.
        seed: u64,
        /// What is known about the session.
        labels: &'session [Label],
        /// What the operator allows.
        readable: &'session [String],
        /// What the operator allows.
        writable: &'session [String],
        /// The policy's settings.
        settings: &'session RawValue,
    },
    /// What `open` gave, or the default where the policy has none.
    Open {
        /// The grant.
        #[serde(skip_serializing_if = "Option::is_none")]
        grant: Option<&'session Grant>,
        /// Or the refusal.
        #[serde(skip_serializing_if = "Option::is_none")]
        refusal: Option<&'session Refusal>,
    },
    /// A question about a get, and the verdict.
    Get {
        /// What was asked.
        #[serde(flatten)]
        candidate: CandidateFields,
        /// What the policy said.
        verdict: Lookup,
    },
    /// A question about a put, and the verdict.
    Put {
        /// What was asked.
        #[serde(flatten)]
        offer: OfferFields,
        /// What the policy said.
        verdict: Reach,
    },
    /// An answer that needed no question, or another one than the verdict.
    Answer {
        /// `get` or `put`.
        command: &'static str,
        /// The action.
        action: Digest,
        /// `hit`, `miss`, `session`, `local` or `shared`.
        answer: &'static str,
        /// Why nobody was asked.
        reason: &'static str,
    },
    /// The policy trapped.
    Trap {
        /// What it was asked.
        question: &'static str,
        /// Why.
        message: &'session str,
    },
    /// The policy ran out of time.
    Timeout {
        /// What it was asked.
        question: &'static str,
    },
    /// A fresh instance gave the same grant.
    Reopened,
    /// The policy is off.
    Off {
        /// Why.
        reason: &'session str,
    },
    /// The policy logged.
    Log {
        /// How much it matters.
        level: Level,
        /// What.
        message: &'session str,
    },
    /// The end.
    Close {
        /// What happened, counted.
        totals: &'session Tally,
    },
}

/// A candidate's fields, in the contract's order.
#[derive(Serialize)]
pub struct CandidateFields {
    action: Digest,
    output: Digest,
    size: u64,
    age: u64,
    scope: u32,
    kind: Kind,
    facts: Vec<&'static str>,
}

impl From<&Candidate> for CandidateFields {
    fn from(candidate: &Candidate) -> Self {
        Self {
            action: candidate.action,
            output: candidate.output,
            size: candidate.size,
            age: candidate.age,
            scope: candidate.scope,
            kind: candidate.kind,
            facts: names([
                ("bound", candidate.facts.bound),
                ("remote", candidate.facts.remote),
            ]),
        }
    }
}

/// An offer's fields, in the contract's order.
#[derive(Serialize)]
pub struct OfferFields {
    action: Digest,
    output: Digest,
    size: u64,
    kind: Kind,
    facts: Vec<&'static str>,
}

impl From<&Offer> for OfferFields {
    fn from(offer: &Offer) -> Self {
        Self {
            action: offer.action,
            output: offer.output,
            size: offer.size,
            kind: offer.kind,
            facts: names([
                ("bound", offer.facts.bound),
                ("remote", offer.facts.remote),
                ("audited", offer.audited),
                ("diverged", offer.diverged),
            ]),
        }
    }
}

fn names<const COUNT: usize>(facts: [(&'static str, bool); COUNT]) -> Vec<&'static str> {
    let held = facts.into_iter().filter(|(_, holds)| *holds);
    held.map(|(name, _)| name).collect()
}

#[derive(Serialize)]
struct WithId<'session> {
    id: &'session str,
    #[serde(flatten)]
    line: &'session Line<'session>,
}

impl Recorder {
    /// A session that is not written down.
    pub fn none() -> Self {
        Self {
            file: None,
            id: String::new(),
        }
    }

    /// Appends session `id` to a file, which is created where it is missing.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: &Path, id: &str) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self {
            file: Some(file),
            id: id.to_owned(),
        })
    }

    /// Whether anything is written down; whoever has to gather the words of a line asks first.
    pub fn is_on(&self) -> bool {
        self.file.is_some()
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When it cannot be written; nothing more is then.
    pub fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut text = serde_json::to_vec(&WithId { id: &self.id, line })?;
        text.push(b'\n');
        let result = file.write_all(&text);
        if result.is_err() {
            self.file = None;
        }
        result
    }
}
