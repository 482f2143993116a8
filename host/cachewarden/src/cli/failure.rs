//! What ends the program: a text with a code. Nothing else does, so nothing that a person meets is
//! without one.

use std::error::Error;

use cachewarden_types::{Code, Problem, sanitize, with_causes};

/// An error of the whole program.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    code: Code,
    /// What happened, why, and what to do.
    text: String,
    /// What else a person may want to read, in lines of their own: a tip, the usage.
    below: Vec<String>,
}

impl Failure {
    pub(super) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            below: Vec::new(),
        }
    }

    /// The same with more lines below.
    pub(super) fn with_lines<'text>(mut self, lines: impl IntoIterator<Item = &'text str>) -> Self {
        self.below.extend(lines.into_iter().map(sanitize));
        self
    }

    /// The same with another text, made of the one that it has.
    pub(super) fn map_text(self, change: impl FnOnce(String) -> String) -> Self {
        Self {
            text: change(self.text),
            ..self
        }
    }

    pub(super) fn code(&self) -> Code {
        self.code
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whatever is below the text.
    pub(super) fn below(&self) -> impl Iterator<Item = &str> {
        self.below.iter().map(String::as_str)
    }
}

impl<E: Problem> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.code(), error.told())
    }
}

/// Gives what goes wrong a code and words.
pub(super) trait OrFail<Value> {
    /// The value, or what could not be done.
    fn or_fail(self, code: Code, what: impl FnOnce() -> String) -> Result<Value, Failure>;
}

impl<Value, E: Error> OrFail<Value> for Result<Value, E> {
    fn or_fail(self, code: Code, what: impl FnOnce() -> String) -> Result<Value, Failure> {
        self.map_err(|error| Failure::new(code, format!("{}: {}", what(), with_causes(&error))))
    }
}

impl<Value> OrFail<Value> for Option<Value> {
    fn or_fail(self, code: Code, what: impl FnOnce() -> String) -> Result<Value, Failure> {
        self.ok_or_else(|| Failure::new(code, what()))
    }
}

/// Fails where something does not hold.
pub(super) fn ensure(
    holds: bool,
    code: Code,
    what: impl FnOnce() -> String,
) -> Result<(), Failure> {
    match holds {
        true => Ok(()),
        false => Err(Failure::new(code, what())),
    }
}
