//! What a helper has said so far, kept by the threads that read it for the test that waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard};

use serde_json::Value;

use super::answer::Answer;

#[derive(Default)]
pub(super) struct Heard {
    said: Mutex<Said>,
    more: Condvar,
}

#[derive(Default)]
pub(super) struct Said {
    pub(super) announced: bool,
    pub(super) answers: BTreeMap<u64, Answer>,
    pub(super) answered: BTreeSet<u64>,
    pub(super) fault: Option<String>,
    pub(super) stdout_ended: bool,
    pub(super) stderr: String,
    pub(super) stderr_ended: bool,
}

impl fmt::Debug for Said {
    /// Short, however many answers there were: it is shown where a test fails.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting: Vec<_> = self.answers.iter().take(5).collect();
        formatter
            .debug_struct("Said")
            .field("announced", &self.announced)
            .field("answered", &self.answered.len())
            .field("some of it", &waiting)
            .field("fault", &self.fault)
            .field("stdout_ended", &self.stdout_ended)
            .field("stderr", &self.stderr)
            .field("stderr_ended", &self.stderr_ended)
            .finish()
    }
}

impl Heard {
    /// What was said so far.
    pub(super) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().expect("no reader panics")
    }

    /// Adds to it and wakes whoever waits.
    pub(super) fn note(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said());
        self.more.notify_all();
    }

    /// Waits until something has been said.
    pub(super) fn wait_until(&self, over: impl Fn(&Said) -> bool) -> MutexGuard<'_, Said> {
        let waited = self.more.wait_while(self.said(), |said| !over(said));
        waited.expect("no reader panics")
    }
}

impl Said {
    /// Takes in the next message of its stdout.
    pub(super) fn hear(&mut self, message: Result<Value, serde_json::Error>) {
        if let Err(fault) = self.understand(message) {
            self.fault.get_or_insert(fault);
        }
    }

    fn understand(&mut self, message: Result<Value, serde_json::Error>) -> Result<(), String> {
        let message = message.map_err(|error| format!("not JSON: {error}"))?;
        if !self.announced {
            let announcement =
                serde_json::json!({"ID": 0, "KnownCommands": ["get", "put", "close"]});
            self.announced = message == announcement;
            return if self.announced {
                Ok(())
            } else {
                Err(format!("as the first message: {message}"))
            };
        }
        let (id, answer) = Answer::parse(&message)?;
        if !self.answered.insert(id) {
            return Err(format!("a second answer to {id}: {message}"));
        }
        self.answers.insert(id, answer);
        Ok(())
    }
}
