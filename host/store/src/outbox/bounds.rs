//! What an outbox may grow to where its tier cannot be reached: the oldest notes are dropped, and
//! counted.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::files;
use crate::trim::DEFAULT_AGE;

use super::queue::OutboxQueue;

/// Notes are dropped when their session ended this long ago: what was not used since is trimmed, and
/// can be sent no more.
const MAX_AGE: Duration = DEFAULT_AGE;

/// The most bytes of the notes of all sessions: 600,000 entries, the objects of which are some
/// hundred gigabytes.
const MAX_BYTES: u64 = 64 << 20;

/// The most sessions that are remembered: each is a file that an uploader opens.
const MAX_SESSIONS: usize = 10_000;

/// The file that counts what was dropped: a number and a line break. Its mtime is when that was.
pub(super) const DROPPED: &str = "dropped";

/// The most bytes that are read of it.
const MAX_DROPPED: u64 = 32;

/// How many entries were dropped before they were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The entries.
    pub entries: u64,
    /// When any was dropped last.
    pub last: Option<SystemTime>,
}

/// What was dropped. After [`MAX_AGE`] nobody needs to know of it.
pub(super) fn dropped(folder: &Path) -> Dropped {
    read(folder).unwrap_or_default()
}

fn read(folder: &Path) -> Option<Dropped> {
    let (file, status) = files::open_regular(&folder.join(DROPPED), false).ok()?;
    let last = status.modified;
    let age = SystemTime::now().duration_since(last).unwrap_or_default();
    let mut text = String::new();
    file.take(MAX_DROPPED).read_to_string(&mut text).ok()?;
    (age < MAX_AGE).then_some(Dropped {
        entries: text.trim_end().parse().ok()?,
        last: Some(last),
    })
}

fn add(folder: &Path, more: u64) -> io::Result<()> {
    let sum = dropped(folder).entries.saturating_add(more);
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    writeln!(file, "{sum}")?;
    files::persist(file, &folder.join(DROPPED))
}

pub(super) fn drop_excess(queue: &OutboxQueue, now: SystemTime) -> io::Result<u64> {
    let files = queue.list()?;
    let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let mut sessions = files.len();
    let mut entries = 0;
    let mut outcome = Ok(());
    for listed in files {
        let age = now.duration_since(listed.noted).unwrap_or_default();
        if age < MAX_AGE && bytes <= MAX_BYTES && sessions <= MAX_SESSIONS {
            break;
        }
        let Some(mut file) = queue.open(&listed.path, 0) else {
            continue;
        };
        if !file.has_ended()? {
            continue;
        }
        entries += file.lines_left();
        if let Err(error) = file.remove() {
            outcome = Err(error);
            continue;
        }
        bytes -= listed.bytes.min(bytes);
        sessions -= 1;
    }
    if entries > 0 {
        add(queue.folder(), entries)?;
    }
    outcome.map(|()| entries)
}
