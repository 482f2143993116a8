//! The side of a session: it notes what it has put.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use cachewarden_system::file_lock;
use cachewarden_types::{Digest, ScopeName};

use super::{ASKED, ActionPrefix};
use crate::{SessionId, files};

/// The most bytes of one session's notes: 160,000 entries, where `go build std` has 6,000. A session
/// that puts more fills the disk, not only a tier.
const MAX_SESSION: u64 = 16 << 20;

/// Actions in one line of what was asked for: the line is then shorter than what an uploader reads at
/// a time.
const ASKED_IN_LINE: usize = 2000;

/// What one session notes for one tier.
#[derive(Debug)]
pub struct SessionOutbox {
    folder: PathBuf,
    session: SessionId,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing was noted.
    Unopened,
    /// The file, which is locked until this is dropped, and its bytes.
    Open(File, u64),
    /// An error was reported, and nothing is noted any more.
    Off,
}

impl SessionOutbox {
    pub(super) fn new(folder: PathBuf, session: SessionId) -> Self {
        Self {
            folder,
            session,
            state: State::Unopened,
        }
    }

    /// Notes that an entry may be sent, which is in the store.
    ///
    /// # Errors
    /// When it cannot be noted. That is reported once: later notes of this session do nothing.
    pub fn note(&mut self, scope: &ScopeName, action: &Digest) -> io::Result<()> {
        let noted = self.try_note(scope, action);
        if noted.is_err() {
            // Also because a torn line must stay the last one.
            self.state = State::Off;
        }
        noted
    }

    /// Notes what the session has asked for. Where it has put nothing this does nothing.
    ///
    /// # Errors
    /// When it cannot be noted.
    pub fn note_asked(&mut self, scope: &ScopeName, actions: &[ActionPrefix]) -> io::Result<()> {
        for actions in actions.chunks(ASKED_IN_LINE) {
            let actions = const_hex::encode(actions.as_flattened());
            self.append(&format!("{ASKED}{actions} {}\n", scope.as_str()))?;
        }
        Ok(())
    }

    fn try_note(&mut self, scope: &ScopeName, action: &Digest) -> io::Result<()> {
        if let State::Unopened = self.state {
            self.state = State::Open(self.create()?, 0);
        }
        self.append(&format!("{action} {}\n", scope.as_str()))
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        let State::Open(file, length) = &mut self.state else {
            return Ok(());
        };
        if *length + line.len() as u64 > MAX_SESSION {
            return Err(io::Error::other(format!(
                "the session has put more than {MAX_SESSION} bytes of notes can name"
            )));
        }
        file.write_all(line.as_bytes())?;
        *length += line.len() as u64;
        Ok(())
    }

    /// Makes the file. It is locked before it has its name, so an uploader never takes it for one of
    /// a session that has ended.
    fn create(&self) -> io::Result<File> {
        files::create_private_folder(&self.folder)?;
        super::refuse_link(&self.folder)?;
        let file = files::new_in(&self.folder, files::FILE_MODE)?;
        file_lock::try_lock_shared(file.as_file())?;
        let path = self.folder.join(self.session.to_string());
        Ok(file.persist_noclobber(path)?)
    }
}
