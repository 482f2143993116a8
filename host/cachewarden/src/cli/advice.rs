//! What is wrong with a set-up, and what to do about it.

use super::failure::Failure;

/// What is wrong, and what to do.
#[derive(Debug)]
pub(super) struct Advice {
    pub(super) problem: String,
    pub(super) remedy: String,
}

pub(super) fn advice(problem: impl Into<String>, remedy: impl Into<String>) -> Advice {
    Advice {
        problem: problem.into(),
        remedy: remedy.into(),
    }
}

/// What is wrong, with its code.
pub(super) fn advice_on(failure: impl Into<Failure>, remedy: impl Into<String>) -> Advice {
    let failure = failure.into();
    advice(format!("{} [{}]", failure.text(), failure.code()), remedy)
}
