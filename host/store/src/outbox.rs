//! The outbox: what may be sent to remote tiers and was not sent yet.
//!
//! `outbox/<tier>/<session>` is a file for each tier and session. It has a line for each put:
//! `<action> <scope>`. Where a session has put something it says at its end, in lines that begin with
//! `+`, what it has asked for: `+<first bytes of each action> <scope>`. A session appends its lines while it runs, each in one write, and holds a
//! shared lock on the file until it ends. One uploader at a time reads the files, the oldest first,
//! and removes a file once its session has ended and all of it was sent. It holds an exclusive lock
//! on the folder of the tier.
//!
//! What always holds: a noted put stays until it was sent or is dropped by a bound, whatever is
//! killed, and what was dropped is counted. A torn line is ignored: the action comes first and has a
//! fixed length, and no name of a scope has a space, so two lines that were glued together are no
//! line. Only files of this user count: who can write a shared store does not choose what this
//! user's credentials send.
//!
//! Nothing is synced: after a power loss, puts of the last seconds may be missing here. They are
//! then not sent, as if they had never been made.

mod bounds;
mod end;
mod queue;
mod writer;

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cachewarden_types::{Digest, ScopeName};

use super::entry::Reach;
use super::tier_id::TierId;
use super::{Entry, SessionId, Store, access, files, layout};

pub use bounds::Dropped;
pub use end::FailedUpload;
pub use queue::{ActionPrefix, Asked, Note, Noted, OutboxFile, OutboxQueue};
pub use writer::SessionOutbox;

/// The outbox of one tier.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
}

/// What waits in an outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Entries that were noted. Some of them may be sent already.
    pub entries: u64,
    /// When the session that has waited longest made its last note.
    pub oldest: Option<SystemTime>,
}

impl Store {
    /// The outbox of a tier; `None` where there is no store.
    pub fn outbox(&self, tier: TierId) -> Option<Outbox> {
        let folder = self.folder()?.join(layout::OUTBOX);
        Some(Outbox {
            folder: folder.join(tier.to_string()),
        })
    }

    /// The tiers that have an outbox.
    pub fn outbox_tiers(&self) -> Vec<TierId> {
        let folder = self.folder().map(|folder| folder.join(layout::OUTBOX));
        let names = folder.map_or(Vec::new(), |folder| files::names_in(&folder));
        names
            .iter()
            .filter_map(|name| TierId::from_name(name))
            .collect()
    }

    /// The entry of `action` in `scope` that may be sent to tiers: it is there, has not expired, its
    /// reach is shared, and this user has put it, or another machine has sent it, or a daemon owns
    /// the store.
    pub fn shared_entry(
        &self,
        scope: &ScopeName,
        action: &Digest,
        now: SystemTime,
    ) -> Option<Entry> {
        let (entry, file) = self.shared.as_ref()?.entries(scope).stored_in(action)?;
        // A daemon sends what its jobs have put, who are other users.
        let is_owned = self.shared.as_ref()?.owned.is_some();
        let is_ours = is_owned || (access::has_opened_own(&file) && access::may_send(entry.user));
        let is_shared = entry.reach == Reach::Shared && !entry.has_expired(now);
        (is_ours && is_shared).then_some(entry)
    }
}

impl Outbox {
    /// Where a session notes what it has put. This makes no file yet.
    pub fn of_session(&self, session: SessionId) -> SessionOutbox {
        SessionOutbox::new(self.folder.clone(), session)
    }

    /// The outbox for an uploader; `None` where another one is at work for longer than `wait`, or
    /// nothing was ever noted.
    ///
    /// # Errors
    /// When the folder cannot be opened or locked.
    pub fn take(&self, wait: Duration) -> io::Result<Option<OutboxQueue>> {
        OutboxQueue::take(&self.folder, wait)
    }

    /// Whether no session of this user has noted anything that is still there.
    pub fn is_empty(&self) -> bool {
        // Only until the first: there may be many.
        let Ok(mut names) = fs::read_dir(&self.folder) else {
            return true;
        };
        !names.any(|item| {
            item.is_ok_and(|item| {
                session_of(&item.file_name()).is_some()
                    && item.metadata().is_ok_and(|metadata| is_own(&metadata))
            })
        })
    }

    /// What waits.
    pub fn waiting(&self) -> Waiting {
        let mut waiting = Waiting::default();
        for name in files::names_in(&self.folder) {
            let opened = session_of(&name)
                .and_then(|_| files::open_regular(&self.folder.join(name), false).ok());
            let own = opened.filter(|(_, status)| access::has_opened_own(status));
            let Some((mut file, status)) = own else {
                continue;
            };
            let noted = Some(status.modified);
            waiting.entries += count_lines(&mut file);
            waiting.oldest = match (waiting.oldest, noted) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        waiting
    }

    /// Keeps why an upload has left something; `None` where it has not. Nothing is made where no
    /// session has noted anything.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_end(&self, reason: Option<&str>) -> io::Result<()> {
        match refuse_link(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => end::write(&self.folder, reason),
        }
    }

    /// Sees that the next session says why an upload has left something, since only a person can change
    /// that. Each `kind` of it, a word, is said once until an upload has left nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_refusal(&self, kind: &str) -> io::Result<()> {
        refuse_link(&self.folder)?;
        end::note_refusal(&self.folder, kind)
    }

    /// Why the last upload has left something, where a session has to say it: this one.
    pub fn take_refusal(&self) -> Option<FailedUpload> {
        refuse_link(&self.folder).ok()?;
        end::take_refusal(&self.folder)
    }

    /// Why the last upload has left something, where it has.
    pub fn failed_upload(&self) -> Option<FailedUpload> {
        end::read(&self.folder)
    }

    /// What the bounds have dropped lately.
    pub fn dropped(&self) -> Dropped {
        bounds::dropped(&self.folder)
    }
}

/// The session whose file has this name.
fn session_of(name: &OsStr) -> Option<SessionId> {
    let text = name.to_str()?;
    let session: SessionId = text.parse().ok()?;
    (session.to_string() == text).then_some(session)
}

/// Whether a file in a tier's folder may have this name.
pub(super) fn is_known(name: &OsStr) -> bool {
    let others = [bounds::DROPPED, end::FAILED, end::REFUSED, end::SAID];
    session_of(name).is_some() || others.iter().any(|other| name == *other)
}

/// Refuses a link in the place of a tier's folder: it would lead out of the store.
fn refuse_link(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder)?.is_dir() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("{} is no folder", folder.display()),
        )),
    }
}

/// Drops what the bounds of each tier do not allow, where no uploader is at work, which does that
/// itself. Each folder is given to `sweep`, which removes unfinished files.
pub(super) fn trim(store: &Store, now: SystemTime, mut sweep: impl FnMut(&Path)) {
    for tier in store.outbox_tiers() {
        let Some(outbox) = store.outbox(tier) else {
            continue;
        };
        sweep(&outbox.folder);
        // What cannot be removed is looked at again by the next uploader.
        if let Ok(Some(queue)) = outbox.take(Duration::ZERO) {
            let _ = queue.drop_excess(now);
        }
    }
}

/// Whether a file is one of this user's. In a shared store others may write theirs.
fn is_own(metadata: &Metadata) -> bool {
    metadata.is_file() && access::is_own(metadata)
}

/// What a line begins with that says what a session has asked for.
const ASKED: char = '+';

/// Bytes that are read at a time. No line is longer.
const CHUNK: usize = 64 * 1024;

/// How many whole lines of a file name an entry; of those that can be read.
fn count_lines(file: &mut fs::File) -> u64 {
    let mut buffer = vec![0; CHUNK];
    let (mut lines, mut is_start, mut names_entry) = (0, true, false);
    while let Ok(count) = file.read(&mut buffer)
        && count > 0
    {
        for byte in &buffer[..count] {
            if is_start {
                names_entry = *byte != ASKED as u8;
            }
            is_start = *byte == b'\n';
            lines += u64::from(is_start && names_entry);
        }
    }
    lines
}

#[cfg(test)]
#[cfg_attr(windows, allow(unused_imports, reason = "some tests are for Unix"))]
mod tests;
