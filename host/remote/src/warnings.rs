//! What a person has to know about tiers, each of it once in a session.

use std::collections::HashSet;

use cachewarden_types::Code;

/// Warnings of one session.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    said: HashSet<(Code, usize)>,
    waiting: Vec<(Code, String)>,
}

impl Warnings {
    /// Notes a warning about the tier at this position, unless it had one of this code.
    pub(crate) fn say(&mut self, code: Code, tier: usize, text: impl FnOnce() -> String) {
        if self.said.insert((code, tier)) {
            self.waiting.push((code, text()));
        }
    }

    /// What was not taken yet.
    pub(crate) fn take(&mut self) -> Vec<(Code, String)> {
        std::mem::take(&mut self.waiting)
    }
}
