//! Writes the recording of a session while the session runs.
//!
//! Each line is appended in one write, so a killed session leaves only whole lines. Several
//! sessions may append to one file: every line has the `id` of its session, and is written under a
//! lock, so that no session takes another's half-written line for a torn one.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use cachewarden_system::file_lock::unlock;
use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_system::safe_open::{append_line, open_to_append};

use super::line::{Line, REDACTED, SessionStarted};

/// How long to wait for a session that writes to the same file; a session that was stopped with the
/// lock does not stop a build.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Writes a whole line, which ends in no newline yet.
type WriteLine = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// Writes the recording of a session, or nothing.
pub struct Recorder {
    write_line: Option<WriteLine>,
    id: String,
    /// The names of labels whose values are not written.
    redacted: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct WithId<'session> {
    /// None for a line that is of no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'session str>,
    /// The index of the line's policy in the session's chain, from 0; also 0 for lines of no
    /// policy.
    #[serde(rename = "policy-index")]
    pub(super) policy_index: u32,
    #[serde(flatten)]
    pub(super) line: &'session Line,
}

impl Recorder {
    /// A recorder that writes nothing.
    pub fn none() -> Self {
        Self {
            write_line: None,
            id: String::new(),
            redacted: Vec::new(),
        }
    }

    /// A recorder of session `id` that gives each line, without its newline, to `write_line`.
    /// Labels of the names in `redacted` are written without their values.
    pub fn to(write_line: WriteLine, id: &str, redacted: &[String]) -> Self {
        Self {
            write_line: Some(write_line),
            id: id.to_owned(),
            redacted: redacted.to_owned(),
        }
    }

    /// Appends session `id` to a file, which is created where it is missing, for this user alone.
    /// Labels of the names in `redacted` are written without their values.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: &Path, id: &str, redacted: &[String]) -> io::Result<Self> {
        let mut file = Some(open_to_append(path)?);
        let write_line = move |line: &[u8]| {
            // After an error nothing more is written.
            if let Some(unlocked) = file.take() {
                file = Some(append_alone(unlocked, line)?);
            }
            Ok(())
        };
        Ok(Self::to(Box::new(write_line), id, redacted))
    }

    /// Whether anything is recorded; a caller that must compute the fields of a line checks this
    /// first.
    pub fn is_on(&self) -> bool {
        self.write_line.is_some()
    }

    /// Writes a line of the policy at this place of the session's chain.
    ///
    /// # Errors
    /// When a line cannot be written; the recorder writes nothing more then.
    pub fn write(&mut self, policy_index: u32, line: &Line) -> io::Result<()> {
        let Some(mut write_line) = self.write_line.take() else {
            return Ok(());
        };
        let id = Some(self.id.as_str());
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
        write_line(&text)?;
        self.write_line = Some(write_line);
        Ok(())
    }

    fn without_secrets(&self, began: &SessionStarted) -> SessionStarted {
        let mut began = began.clone();
        for label in &mut began.labels {
            if self.redacted.contains(&label.name) {
                // The scope form of a value can be decoded, and the hash of one of few values can
                // be guessed.
                REDACTED.clone_into(&mut label.value);
                REDACTED.clone_into(&mut label.scope);
                REDACTED.clone_into(&mut label.hash);
            }
        }
        began
    }
}

/// A line that is of no session, without its newline.
///
/// # Errors
/// When it cannot be JSON, which no line of this crate is.
pub fn line_of_no_session(line: &Line) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&WithId {
        id: None,
        policy_index: 0,
        line,
    })?)
}

/// Appends a line under a lock.
fn append_alone(file: File, line: &[u8]) -> io::Result<File> {
    let Some(mut file) = lock_with_timeout(file, LOCK_TIMEOUT)? else {
        return Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "another process holds the lock on the file",
        ));
    };
    append_line(&mut file, line)?;
    unlock(&file)?;
    Ok(file)
}
