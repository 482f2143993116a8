//! The lines of a recording.

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
    /// What the policy is told at the beginning.
    Session(Box<SessionStarted>),
    /// What `open` gave, or the default where the policy has none.
    Open(OpenRecord),
    /// A question about a get, and the verdict.
    Get(QuestionRecord<Candidate, Lookup>),
    /// A question about a put, and the verdict.
    Put(QuestionRecord<Offer, Reach>),
    /// An answer that needed no question, or another one than the verdict.
    Answer(AnswerRecord),
    /// The policy trapped.
    Trap(CallFailureRecord),
    /// The policy ran out of time.
    Timeout(CallFailureRecord),
    /// A fresh instance gave the same grant.
    Reopened,
    /// The policy is off.
    Off(OffRecord),
    /// The policy logged.
    Log(LogRecord),
    /// The end.
    Close(EndRecord),
}

/// The version of the recording's form. A reader takes no later one.
pub const FORM: u32 = 1;

/// What a policy is told about its session, and what else a replay needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionStarted {
    /// The version of the recording's form. A case that a person wrote may leave it out.
    #[serde(default = "form", deserialize_with = "known_form")]
    pub form: u32,
    /// The version of the contract.
    #[serde(default)]
    pub contract: String,
    /// The SHA-256 of the policy; none without one.
    #[serde(default)]
    pub policy: Option<Digest>,
    /// The scope that `--scope` names.
    #[serde(default)]
    pub scope: String,
    /// Seconds since 1970.
    #[serde(default)]
    pub started: u64,
    /// The session's random number.
    #[serde(default)]
    pub seed: u64,
    /// What is known about the session.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// What the operator allows.
    #[serde(default = "any")]
    pub readable: Vec<String>,
    /// What the operator allows.
    #[serde(default = "any")]
    pub writable: Vec<String>,
    /// The policy's settings.
    #[serde(default)]
    pub settings: Box<RawValue>,
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

/// A grant, or a refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "OpenedFields")]
pub enum OpenRecord {
    /// What the policy gives.
    Grant(Grant),
    /// Why it gives nothing.
    Refusal(Refusal),
}

/// As it stands in a line, among other fields.
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
    /// What was asked.
    #[serde(flatten)]
    pub question: Question,
    /// What the policy said.
    pub verdict: Verdict,
    /// How often it is asked in a row; a recording has each time as a line of its own.
    #[serde(skip_serializing_if = "is_once")]
    pub repeat: u64,
}

impl<Question, Verdict> QuestionRecord<Question, Verdict> {
    /// Asked once.
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
        let repeat = fields.take("repeat")?.unwrap_or(1);
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

/// An answer that nobody was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRecord {
    /// `get` or `put`.
    pub command: String,
    /// The action.
    pub action: Digest,
    /// `hit`, `miss`, `session`, `local` or `shared`.
    pub answer: String,
    /// Why nobody was asked.
    pub reason: String,
}

/// A call that gave no answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFailureRecord {
    /// What the policy was asked.
    pub question: String,
    /// Why it failed; none where its time was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why the policy is off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffRecord {
    /// In words.
    pub reason: String,
}

/// What the policy logged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// How much it matters.
    pub level: Level,
    /// What.
    pub message: String,
}

/// What happened in the session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndRecord {
    /// What was counted.
    pub totals: Totals,
}

/// What was counted in a session, as a recording has it: a form of its own, whatever the contract and the store have.
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
            "answer" => Self::Answer(fields.read()?),
            "trap" => Self::Trap(fields.read()?),
            "timeout" => Self::Timeout(fields.read()?),
            "reopened" => {
                fields.end()?;
                Self::Reopened
            }
            "off" => Self::Off(fields.read()?),
            "log" => Self::Log(fields.read()?),
            "close" => Self::Close(fields.read()?),
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
const KINDS: [&str; 11] = [
    "session", "open", "get", "put", "answer", "trap", "timeout", "reopened", "off", "log", "close",
];
