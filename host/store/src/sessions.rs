//! The statistics of past sessions: one line of totals for each in `sessions.jsonl`. Only this
//! module knows the format of a line.
//!
//! A line is appended in one write, and the trimmer compacts a file that has grown into a single
//! line; both hold a lock. So no totals are lost, and no process reads a half-written line of another.
//!
//! On Unix the lock is on the file itself. On Windows a file that is open cannot be replaced, so
//! there it is on a file of its own.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::Locked;
#[cfg(windows)]
use windows::Locked;

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::breakdown::{add, is_zero};
use super::{Breakdown, Store, files, layout};

/// A file larger than this is compacted: some 1,500 sessions.
const COMPACT_THRESHOLD: u64 = 1 << 20;

/// How long a session waits for the lock. Writing a line takes a moment; a process that holds the
/// lock for longer was stopped, and the build does not wait for it: its line is dropped.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The version of a line's format. Lines of a later version are ignored, and a file that has one is
/// not compacted.
const LINE_FORMAT: u32 = 1;

/// The counters of a session, as they are in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct SessionStats {
    /// Gets that the session received.
    pub gets: u64,
    /// Gets that were answered with an object.
    pub hits: u64,
    /// Gets that had a candidate and became a miss by the policy.
    pub refused_gets: u64,
    /// Puts that the session received.
    pub puts: u64,
    /// Puts that the policy kept for the session alone.
    pub refused_puts: u64,
    /// Bytes of the bodies of all puts.
    pub bytes_put: u64,
    /// Audits whose rebuild gave other bytes.
    pub diverged: u64,
    /// Hits whose object is one of a base.
    #[serde(skip_serializing_if = "is_zero")]
    pub base_hits: u64,
    /// Hits whose object came from a remote tier.
    #[serde(skip_serializing_if = "is_zero")]
    pub remote_hits: u64,
    /// Bytes that came from remote tiers, as they travelled.
    #[serde(skip_serializing_if = "is_zero")]
    pub remote_bytes: u64,
    /// Milliseconds in which sessions had nothing to do but to wait for remote tiers.
    #[serde(skip_serializing_if = "is_zero")]
    pub remote_wait: u64,
}

impl SessionStats {
    /// Adds another tally to this one.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.gets, other.gets);
        add(&mut self.hits, other.hits);
        add(&mut self.refused_gets, other.refused_gets);
        add(&mut self.puts, other.puts);
        add(&mut self.refused_puts, other.refused_puts);
        add(&mut self.bytes_put, other.bytes_put);
        add(&mut self.diverged, other.diverged);
        add(&mut self.base_hits, other.base_hits);
        add(&mut self.remote_hits, other.remote_hits);
        add(&mut self.remote_bytes, other.remote_bytes);
        add(&mut self.remote_wait, other.remote_wait);
    }
}

/// One session, or several that were compacted into one line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionLine {
    /// The version of the line's format.
    #[serde(default = "form")]
    pub form: u32,
    /// How many sessions the line stands for.
    #[serde(default = "one")]
    pub sessions: u64,
    /// The session's ID, as in the `producer` of an entry; `None` where several were compacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// When the session began, in seconds since 1970; the first of several.
    pub started: u64,
    /// The SHA-256 of the policy, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub tally: SessionStats,
    /// The same by kind and by scope.
    #[serde(
        default,
        deserialize_with = "known_parts",
        skip_serializing_if = "Breakdown::is_empty"
    )]
    pub parts: Breakdown,
}

/// The parts of a line; none where this version cannot read them, whose totals count all the same.
fn known_parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Breakdown, D::Error> {
    let parts = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(parts).unwrap_or_default())
}

fn form() -> u32 {
    LINE_FORMAT
}

fn one() -> u64 {
    1
}

/// The sum of all lines.
#[derive(Clone, Debug, Default)]
pub struct LifetimeStats {
    /// How many sessions the file stands for.
    pub sessions: u64,
    /// When the first of them began, in seconds since 1970.
    pub since: Option<u64>,
    /// What happened in all of them.
    pub tally: SessionStats,
    /// The same by kind and by scope.
    pub parts: Breakdown,
    /// Whether a later version has written lines, which are not in the sum.
    is_incomplete: bool,
}

impl SessionLine {
    /// The line of one session.
    pub fn of(
        session: String,
        started: u64,
        policy: Option<String>,
        tally: SessionStats,
        parts: Breakdown,
    ) -> Self {
        Self {
            form: LINE_FORMAT,
            sessions: 1,
            session: Some(session),
            started,
            policy,
            tally,
            parts,
        }
    }
}

impl Store {
    /// Appends a session's line, if the folder is still a store.
    ///
    /// # Errors
    /// When the store cannot be written, or another process holds the lock for too long.
    pub fn append_session(&self, line: &SessionLine) -> io::Result<()> {
        let Some(folder) = self.folder() else {
            return Ok(());
        };
        layout::restore_version_if_orphaned(folder);
        let text = serde_json::to_vec(line)?;
        let Some(mut locked) = Locked::take(&folder.join(layout::SESSIONS))? else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        locked.append(&text)
    }

    /// The sum of all sessions. Lines that cannot be read are ignored.
    pub fn sessions_so_far(&self) -> LifetimeStats {
        self.folder()
            .and_then(|folder| sum(&folder.join(layout::SESSIONS)).ok())
            .unwrap_or_default()
    }
}

/// Replaces a file that has grown large with one line that has the sums.
pub(super) fn compact(folder: &Path) -> io::Result<()> {
    let path = folder.join(layout::SESSIONS);
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.len() > COMPACT_THRESHOLD => {}
        _ => return Ok(()),
    }
    let Some(_lock) = Locked::take(&path)? else {
        // The next trim compacts it.
        return Ok(());
    };
    let mut so_far = sum(&path)?;
    if so_far.is_incomplete {
        return Ok(());
    }
    so_far.parts.bound();
    let line = SessionLine {
        form: LINE_FORMAT,
        sessions: so_far.sessions,
        session: None,
        started: so_far.since.unwrap_or_default(),
        policy: None,
        tally: so_far.tally,
        parts: so_far.parts,
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    file.write_all(&text)?;
    files::persist(file, &path)
}

fn sum(path: &Path) -> io::Result<LifetimeStats> {
    let mut bytes = Vec::new();
    match files::open_regular(path, false) {
        Ok((mut file, _)) => file.read_to_end(&mut bytes).map(drop)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<SessionLine>(line).ok());
    Ok(lines.fold(LifetimeStats::default(), |mut sum, line| {
        if line.form > LINE_FORMAT {
            sum.is_incomplete = true;
            return sum;
        }
        sum.sessions = sum.sessions.saturating_add(line.sessions);
        sum.since = Some(
            sum.since
                .map_or(line.started, |since| since.min(line.started)),
        );
        sum.tally.add(&line.tally);
        sum.parts.add(&line.parts);
        sum
    }))
}

#[cfg(test)]
mod tests;
