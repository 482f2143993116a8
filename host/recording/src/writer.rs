//! Writes a recording while its session runs.
//!
//! Each line is whole and goes out in one write, so a killed session leaves nothing but whole lines, and several
//! sessions may append to one file: every line carries its session's `id`, and is written under a lock, without which
//! one session could take another's line that is being written for a torn one.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_system::safe_open::{append_line, open_to_append};

use super::line::{Line, SessionStarted};

/// So long is waited for a session that writes into the same file; one that was stopped with the lock holds no build up.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// What a recording has in place of a value that is to be written nowhere. It can be part of a scope's name as it is.
const REDACTED: &str = "redacted";

/// Where a session is written down, if it is.
pub struct Recorder {
    file: Option<File>,
    id: String,
    /// Labels whose values are not written.
    redacted: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct WithId<'session> {
    pub(super) id: &'session str,
    /// Which policy of the session the line is of, from 0. What no policy said is at 0.
    #[serde(rename = "policy-index")]
    pub(super) policy_index: u32,
    #[serde(flatten)]
    pub(super) line: &'session Line,
}

impl Recorder {
    /// A session that is not written down.
    pub fn none() -> Self {
        Self {
            file: None,
            id: String::new(),
            redacted: Vec::new(),
        }
    }

    /// Appends session `id` to a file, which is created where it is missing, for this user alone. Labels of the names
    /// in `redacted` are written without their values.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: &Path, id: &str, redacted: &[String]) -> io::Result<Self> {
        let file = open_to_append(path)?;
        Ok(Self {
            file: Some(file),
            id: id.to_owned(),
            redacted: redacted.to_owned(),
        })
    }

    /// Whether anything is written down; whoever has to gather the words of a line asks first.
    pub fn is_on(&self) -> bool {
        self.file.is_some()
    }

    /// Writes a line of the policy at this place of the session's chain.
    ///
    /// # Errors
    /// When it cannot be written; nothing more is then.
    pub fn write(&mut self, policy_index: u32, line: &Line) -> io::Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        let id = &self.id;
        let text = match line {
            Line::Session(began) => {
                let line = &Line::Session(Box::new(self.without_secrets(began)));
                serde_json::to_vec(&WithId {
                    id,
                    policy_index,
                    line,
                })?
            }
            line => serde_json::to_vec(&WithId {
                id,
                policy_index,
                line,
            })?,
        };
        self.file = Some(append_alone(file, &text)?);
        Ok(())
    }

    fn without_secrets(&self, began: &SessionStarted) -> SessionStarted {
        let mut began = began.clone();
        for label in &mut began.labels {
            if self.redacted.contains(&label.name) {
                // The form for scope names can be read back, and a hash of few values guessed.
                REDACTED.clone_into(&mut label.value);
                REDACTED.clone_into(&mut label.scope);
                REDACTED.clone_into(&mut label.hash);
            }
        }
        began
    }
}

/// Appends a line while nobody else does.
fn append_alone(file: File, line: &[u8]) -> io::Result<File> {
    let Some(mut file) = lock_with_timeout(file, LOCK_TIMEOUT)? else {
        return Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "another process holds the lock on the file",
        ));
    };
    append_line(&mut file, line)?;
    file.unlock()?;
    Ok(file)
}
