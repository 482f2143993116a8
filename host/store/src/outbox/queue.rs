//! The side of the uploader: it reads what was noted, and removes what was sent.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cachewarden_system::file_at::read_at;
use cachewarden_system::file_lock;
use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_types::{Digest, ScopeName};

use crate::{access, files};

use super::{ASKED, CHUNK, bounds, count_lines, is_own, session_of};

/// An entry that may be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Noted {
    /// Its scope.
    pub scope: ScopeName,
    /// Its action.
    pub action: Digest,
}

/// What a session that has put something has asked for, with a hit: sessions that are alike ask for
/// the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The scope that the session writes.
    pub scope: ScopeName,
    /// The first bytes of each action, in the order in which they were asked for.
    pub actions: Vec<ActionPrefix>,
}

/// The first bytes of an action. They name it where a mistake costs nothing but a few bytes.
pub type ActionPrefix = [u8; 8];

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// An entry may be sent.
    Entry(Noted),
    /// What a session has asked for.
    Asked(Asked),
}

/// The outbox of a tier while one uploader has it.
#[derive(Debug)]
pub struct OutboxQueue {
    folder: PathBuf,
    /// The folder, locked.
    _lock: File,
}

/// The notes of one session.
#[derive(Debug)]
pub struct OutboxFile {
    path: PathBuf,
    file: File,
    /// How far it was read.
    offset: u64,
}

/// A file in the folder.
pub(super) struct Listed {
    pub(super) path: PathBuf,
    /// When its session made its last note.
    pub(super) noted: SystemTime,
    pub(super) bytes: u64,
}

impl OutboxQueue {
    pub(super) fn take(folder: &Path, wait: Duration) -> io::Result<Option<Self>> {
        let lock = match super::refuse_link(folder).and_then(|()| files::open_lock(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let locked = lock_with_timeout(lock, wait)?;
        Ok(locked.map(|lock| Self {
            folder: folder.to_owned(),
            _lock: lock,
        }))
    }

    /// The notes of each session, the oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let listed = self.list()?;
        Ok(listed.into_iter().map(|file| file.path).collect())
    }

    /// Opens the notes of a session, to read them from an offset; `None` where they are gone, or no
    /// regular file of this user.
    pub fn open(&self, path: &Path, offset: u64) -> Option<OutboxFile> {
        let (file, status) = files::open_regular(path, false).ok()?;
        access::has_opened_own(&status).then(|| OutboxFile {
            path: path.to_owned(),
            file,
            offset,
        })
    }

    /// Drops the oldest notes beyond the bounds; how many entries those named. Notes of sessions that
    /// run stay.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn drop_excess(&self, now: SystemTime) -> io::Result<u64> {
        bounds::drop_excess(self, now)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn list(&self) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for item in fs::read_dir(&self.folder)? {
            let item = item?;
            if session_of(&item.file_name()).is_none() {
                continue;
            }
            // A file that is gone by now was removed by a person.
            if let Ok(metadata) = item.metadata()
                && is_own(&metadata)
            {
                listed.push(Listed {
                    path: item.path(),
                    noted: metadata.modified()?,
                    bytes: metadata.len(),
                });
            }
        }
        listed.sort_by(|one, other| (one.noted, &one.path).cmp(&(other.noted, &other.path)));
        Ok(listed)
    }
}

impl OutboxFile {
    /// Reads on: some hundred entries; none at the end of what there is so far.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<Note>> {
        loop {
            let (noted, offset) = self.peek()?;
            let has_moved = offset > self.offset;
            self.offset = offset;
            if !noted.is_empty() || !has_moved {
                return Ok(noted);
            }
        }
    }

    /// Removes the file if its session has ended and all of it was read; returns whether it is gone.
    ///
    /// # Errors
    /// When it cannot be read or removed.
    pub fn remove_if_done(&mut self) -> io::Result<bool> {
        // A session that has ended appends nothing.
        if !self.has_ended()? || !self.peek()?.0.is_empty() {
            return Ok(false);
        }
        self.remove().map(|()| true)
    }

    /// How far it was read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many lines were not read.
    pub fn lines_left(&mut self) -> u64 {
        let at = self.file.seek(SeekFrom::Start(self.offset));
        at.map_or(0, |_| count_lines(&mut self.file))
    }

    /// Whether the session has ended.
    ///
    /// # Errors
    /// When its lock cannot be looked at.
    pub fn has_ended(&self) -> io::Result<bool> {
        match file_lock::try_lock(&self.file) {
            // It may be asked again, and a file that holds a lock must not lock.
            Ok(()) => file_lock::unlock(&self.file).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if !files::is_not_there(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// The next entries, and where those behind them begin.
    fn peek(&self) -> io::Result<(Vec<Note>, u64)> {
        let mut buffer = vec![0; CHUNK];
        let mut count = 0;
        while count < buffer.len() {
            let offset = self.offset + count as u64;
            match read_at(&self.file, &mut buffer[count..], offset) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let whole = match buffer[..count].iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            // No line is as long as that.
            None if count == buffer.len() => count,
            None => 0,
        };
        let lines = buffer[..whole].split(|byte| *byte == b'\n');
        let noted = lines.filter_map(of_line).collect();
        Ok((noted, self.offset + whole as u64))
    }
}

/// What a line says; `None` for a torn line.
fn of_line(line: &[u8]) -> Option<Note> {
    let (first, scope) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let scope = scope.parse().ok()?;
    Some(match first.strip_prefix(ASKED) {
        Some(actions) => {
            let bytes = const_hex::decode(actions).ok()?;
            let (actions, rest) = bytes.as_chunks();
            let actions = actions.to_vec();
            rest.is_empty()
                .then_some(Note::Asked(Asked { scope, actions }))?
        }
        None => {
            let action = Digest::from_hex(first)?;
            Note::Entry(Noted { scope, action })
        }
    })
}
