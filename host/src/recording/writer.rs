//! Writes a recording while its session runs.
//!
//! Each line is whole and goes out in one write, so a killed session leaves nothing but whole lines, and several
//! sessions may append to one file: every line carries its session's `id`.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::regular_file::{append_line, open_to_append};

use super::line::Line;

/// Where a session is written down, if it is.
pub struct Recorder {
    file: Option<File>,
    id: String,
}

#[derive(Serialize)]
pub(super) struct WithId<'session> {
    pub(super) id: &'session str,
    #[serde(flatten)]
    pub(super) line: &'session Line,
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
        let file = open_to_append(path)?;
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
    pub fn write(&mut self, line: &Line) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let text = serde_json::to_vec(&WithId { id: &self.id, line })?;
        let result = append_line(file, &text);
        if result.is_err() {
            self.file = None;
        }
        result
    }
}
