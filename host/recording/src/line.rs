//! The lines of a recording.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use cachewarden_types as types;
use cachewarden_types::{Candidate, Digest, Grant, Label, Level, Lookup, Offer, Reach, Refusal};

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
}

/// The version of the recording's format. A later version is refused; unknown fields and lines of
/// this one are ignored.
pub const FORM: u32 = 1;

/// What a policy learns about its session, and what else a replay needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuestionRecord<Question, Verdict> {
    /// The candidate or the offer.
    #[serde(flatten)]
    pub question: Question,
    /// The policy's verdict.
    pub verdict: Verdict,
    /// How often a replay asks the question in a row; a recording has a line for each time.
    #[serde(default = "once", skip_serializing_if = "is_once")]
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

fn once() -> u64 {
    1
}

fn is_once(repeat: &u64) -> bool {
    *repeat == 1
}

/// An answer that was decided without the policy, or that differs from its verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// `get` or `put`.
    pub command: String,
    /// The action of the request.
    pub action: Digest,
    /// `hit`, `miss`, `session`, `local` or `shared`.
    pub answer: String,
    /// Why the policy was not asked, or was overruled.
    pub reason: String,
}

/// A failed call of the policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallFailureRecord {
    /// The export that was called; `start` for the start function.
    pub question: String,
    /// The trap's message; `None` for a timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why the policy was disabled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OffRecord {
    /// The reason, as a sentence.
    pub reason: String,
}

/// A log line of the policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogRecord {
    /// The level that the policy gave.
    pub level: Level,
    /// The text that the policy gave.
    pub message: String,
}

/// The last line of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndRecord {
    /// The counters of the session.
    pub totals: Totals,
}

/// The counters of a session in the format of a recording, which is independent of the contract's
/// and the store's.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
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
    /// Reads the line whose `line` is `name`; `None` for a kind that this version does not know.
    pub(super) fn from_json(name: &str, json: &str) -> Option<serde_json::Result<Self>> {
        // Not through one tagged enum, which would read the settings into a tree and write them in
        // another form.
        fn parsed<'json, Fields: Deserialize<'json>>(
            json: &'json str,
            line: impl FnOnce(Fields) -> Line,
        ) -> Option<serde_json::Result<Line>> {
            Some(serde_json::from_str(json).map(line))
        }
        match name {
            "session" => parsed(json, |began| Self::Session(Box::new(began))),
            "open" => parsed(json, Self::Open),
            "get" => parsed(json, Self::Get),
            "put" => parsed(json, Self::Put),
            "answer" => parsed(json, Self::Answer),
            "trap" => parsed(json, Self::Trap),
            "timeout" => parsed(json, Self::Timeout),
            "reopened" => Some(Ok(Self::Reopened)),
            "off" => parsed(json, Self::Off),
            "log" => parsed(json, Self::Log),
            "close" => parsed(json, Self::Close),
            _ => None,
        }
    }
}
