//! The lines of a recording.

use std::num::NonZeroU64;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use cachewarden_types as types;
use cachewarden_types::{Candidate, Digest, Grant, Label, Level, Lookup, Offer, Reach, Refusal};

use super::fields::Fields;

/// One line, without its `id`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum Line {
    /// What the policy learns at the beginning.
    Session(Box<SessionStarted>),
    /// What `open` returned, or the default where the policy has no `open`.
    Open(OpenRecord),
    /// A `get` question, and the verdict.
    Get(QuestionRecord<Candidate, Lookup>),
    /// A `put` question, and the verdict.
    Put(QuestionRecord<Offer, Reach>),
    /// An answer that was decided without the policy, or that differs from its verdict.
    Answer(AnswerRecord),
    /// A call of the policy trapped.
    Trap(CallFailureRecord),
    /// A call of the policy exceeded its time.
    Timeout(CallFailureRecord),
    /// After a failed call, a new instance has returned the same grant.
    Reopened,
    /// The policy is disabled for the rest of the session.
    Off(OffRecord),
    /// A line that the policy logged.
    Log(LogRecord),
    /// The end of the session.
    Close(EndRecord),
    /// Lines are missing here, of any session: a daemon could not write them.
    Lost(LostRecord),
    /// Earlier files of the log were removed.
    Removed(RemovedRecord),
}

/// The version of the recording's format. A later version is refused.
pub const FORM: u32 = 1;

/// The text that replaces a redacted value. It is a valid part of a scope name.
pub(super) const REDACTED: &str = "redacted";

/// What a policy learns about its session, and what else a replay needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionStarted {
    /// The version of the format. A hand-written case may leave it out.
    #[serde(default = "form", deserialize_with = "known_form")]
    pub form: u32,
    /// The version of the contract.
    #[serde(default)]
    pub contract: String,
    /// The SHA-256 of the policy; `None` in a session without a policy.
    #[serde(default)]
    pub policy: Option<Digest>,
    /// The scope that `--scope` names.
    #[serde(default)]
    pub scope: String,
    /// When the session began, in seconds since 1970.
    #[serde(default)]
    pub started: u64,
    /// The random number of the session, for policies that sample.
    #[serde(default)]
    pub seed: u64,
    /// The labels of the session.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// What the operator allows.
    #[serde(default = "any")]
    pub readable: Vec<String>,
    /// What the operator allows.
    #[serde(default = "any")]
    pub writable: Vec<String>,
    /// The policy's settings, as JSON.
    #[serde(default)]
    pub settings: Box<RawValue>,
}

impl SessionStarted {
    /// The labels whose values were not written down (`--redact-label`): a replay tells the policy
    /// other values than the build did.
    pub fn redacted_labels(&self) -> impl Iterator<Item = &str> {
        let redacted = |label: &&Label| {
            let parts = [&label.value, &label.scope, &label.hash];
            parts.iter().all(|part| *part == REDACTED)
        };
        let labels = self.labels.iter().filter(redacted);
        labels.map(|label| label.name.as_str())
    }
}

fn form() -> u32 {
    FORM
}

fn known_form<'json, D: Deserializer<'json>>(deserializer: D) -> Result<u32, D::Error> {
    let form = u32::deserialize(deserializer)?;
    if form > FORM {
        return Err(de::Error::custom(format!(
            "the recording has form {form}, and this cachewarden reads form {FORM}; update cachewarden"
        )));
    }
    Ok(form)
}

fn any() -> Vec<String> {
    vec!["*".to_owned()]
}

/// The result of `open`: a grant or a refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "OpenedFields")]
pub enum OpenRecord {
    /// The policy's grant.
    Grant(Grant),
    /// The policy's refusal.
    Refusal(Refusal),
}

/// The fields of a line, of which exactly one must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenedFields {
    #[serde(default)]
    grant: Option<Grant>,
    #[serde(default)]
    refusal: Option<Refusal>,
}

impl TryFrom<OpenedFields> for OpenRecord {
    type Error = &'static str;

    fn try_from(fields: OpenedFields) -> Result<Self, Self::Error> {
        match (fields.grant, fields.refusal) {
            (Some(grant), None) => Ok(Self::Grant(grant)),
            (None, Some(refusal)) => Ok(Self::Refusal(refusal)),
            _ => Err("an `open` line has either a grant or a refusal"),
        }
    }
}

/// A question with its verdict.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionRecord<Question, Verdict> {
    /// The candidate or the offer.
    #[serde(flatten)]
    pub question: Question,
    /// The policy's verdict.
    pub verdict: Verdict,
    /// How often a replay asks the question in a row; a recording has a line for each time.
    #[serde(skip_serializing_if = "is_once")]
    pub repeat: u64,
}

impl<Question, Verdict> QuestionRecord<Question, Verdict> {
    /// A question that was asked once.
    pub fn new(question: Question, verdict: Verdict) -> Self {
        Self {
            question,
            verdict,
            repeat: 1,
        }
    }
}

impl<Question: DeserializeOwned, Verdict: DeserializeOwned> QuestionRecord<Question, Verdict> {
    fn from_fields(mut fields: Fields) -> serde_json::Result<Self> {
        let verdict = fields.need("verdict")?;
        // Asked no time, a question would pass.
        let repeat = fields.take("repeat")?.map_or(1, NonZeroU64::get);
        Ok(Self {
            question: fields.read()?,
            verdict,
            repeat,
        })
    }
}

fn is_once(repeat: &u64) -> bool {
    *repeat == 1
}

/// An answer that was decided without the policy, or that differs from its verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRecord {
    /// `get` or `put`.
    pub command: String,
    /// The action of the request.
    pub action: Digest,
    /// To a get `hit` or `miss`, to a put `ephemeral`, `local` or `shared`.
    pub answer: String,
    /// Why the policy was not asked, or was overruled.
    pub reason: String,
}

/// What may be answered to which command.
const ANSWERS: [(&str, &[&str]); 2] = [
    ("get", &["hit", "miss"]),
    ("put", &["ephemeral", "local", "shared"]),
];

impl AnswerRecord {
    fn checked(self) -> serde_json::Result<Self> {
        let known = ANSWERS.iter().find(|(command, _)| *command == self.command);
        let (_, answers) = known.ok_or_else(|| {
            de::Error::custom(format!(
                "`command`: `{}` is none; expected get or put",
                self.command
            ))
        })?;
        match answers.contains(&self.answer.as_str()) {
            true => Ok(self),
            false => Err(de::Error::custom(format!(
                "`answer`: `{}` is none to a {}; expected one of {}",
                self.answer,
                self.command,
                answers.join(", ")
            ))),
        }
    }
}

/// A failed call of the policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFailureRecord {
    /// The export that was called; `start` for the start function.
    pub question: String,
    /// The trap's message; `None` for a timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why the policy was disabled.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffRecord {
    /// The reason, as a sentence.
    pub reason: String,
}

/// A log line of the policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// The level that the policy gave.
    pub level: Level,
    /// The text that the policy gave.
    pub message: String,
}

/// The last line of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndRecord {
    /// The counters of the session.
    pub totals: Totals,
}

/// Lines of a daemon's log that could not be written. It is of no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostRecord {
    /// How many.
    pub lines: u64,
    /// When the first was lost, in seconds since 1970.
    pub since: u64,
    /// When the last was.
    pub until: u64,
}

impl LostRecord {
    /// Both together.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self {
            lines: self.lines.saturating_add(other.lines),
            since: self.since.min(other.since),
            until: self.until.max(other.until),
        }
    }
}

/// Files of a daemon's log that were removed to keep its bounds. It is of no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedRecord {
    /// Everything that they had was written before this time, in seconds since 1970.
    pub until: u64,
}

/// The counters of a session in the format of a recording, which is independent of the contract's
/// and the store's.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Totals {
    gets: u64,
    hits: u64,
    refused_gets: u64,
    puts: u64,
    refused_puts: u64,
    bytes_put: u64,
    diverged: u64,
}

impl From<types::Totals> for Totals {
    fn from(totals: types::Totals) -> Self {
        Self {
            gets: totals.gets,
            hits: totals.hits,
            refused_gets: totals.refused_gets,
            puts: totals.puts,
            refused_puts: totals.refused_puts,
            bytes_put: totals.bytes_put,
            diverged: totals.diverged,
        }
    }
}

impl From<Totals> for types::Totals {
    fn from(totals: Totals) -> Self {
        Self {
            gets: totals.gets,
            hits: totals.hits,
            refused_gets: totals.refused_gets,
            puts: totals.puts,
            refused_puts: totals.refused_puts,
            bytes_put: totals.bytes_put,
            diverged: totals.diverged,
        }
    }
}

impl Line {
    /// Reads the line whose `line` is `name` from its other fields.
    pub(super) fn from_fields(name: &str, fields: Fields) -> serde_json::Result<Self> {
        Ok(match name {
            "session" => Self::Session(Box::new(fields.read()?)),
            "open" => Self::Open(fields.read()?),
            "get" => Self::Get(QuestionRecord::from_fields(fields)?),
            "put" => Self::Put(QuestionRecord::from_fields(fields)?),
            "answer" => Self::Answer(AnswerRecord::checked(fields.read()?)?),
            "trap" => Self::Trap(fields.read()?),
            "timeout" => Self::Timeout(fields.read()?),
            "reopened" => {
                fields.end()?;
                Self::Reopened
            }
            "off" => Self::Off(fields.read()?),
            "log" => Self::Log(fields.read()?),
            "close" => Self::Close(fields.read()?),
            "lost" => Self::Lost(fields.read()?),
            "removed" => Self::Removed(fields.read()?),
            _ => {
                return Err(de::Error::custom(format!(
                    "`{name}` is no kind of line; expected one of {}",
                    KINDS.join(", ")
                )));
            }
        })
    }
}

/// What the field `line` may say.
const KINDS: [&str; 13] = [
    "session", "open", "get", "put", "answer", "trap", "timeout", "reopened", "off", "log",
    "close", "lost", "removed",
];
