//! What waits for the writer, a share for each tenant: a tenant that fills its share loses lines of
//! its own alone.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cachewarden_types::since_1970;

use cachewarden_recording::LostRecord;

use super::Count;
use super::writer::Turn;

/// Bytes of a tenant's lines that may wait for the disk: five builds of the standard library ask
/// some 10,000 questions, of 400 bytes each. Only a tenant whose lines wait takes this memory.
pub(super) const MAX_WAITING: usize = 4 * 1024 * 1024;

/// A tenant's lines that wait.
pub(super) struct Share {
    tenant: String,
    waiting: Mutex<Waiting>,
    turns: Sender<Turn>,
    count: Arc<Count>,
}

#[derive(Default)]
struct Waiting {
    /// Each with its newline.
    lines: Vec<u8>,
    lost: Lost,
    /// Whether the writer will come to this share.
    has_turn: bool,
}

impl Share {
    pub(super) fn new(tenant: &str, turns: Sender<Turn>, count: Arc<Count>) -> Self {
        Self {
            tenant: tenant.to_owned(),
            waiting: Mutex::default(),
            turns,
            count,
        }
    }

    pub(super) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Leaves a line, without its newline, for the writer; it is lost if there is no room.
    pub(super) fn push(self: &Arc<Self>, line: &[u8]) {
        let mut waiting = self.lock();
        let has_room = waiting.lines.len() + line.len() < MAX_WAITING;
        // After one that is lost the others are too, so that the gap is in one place.
        if has_room && waiting.lost.is_none() {
            waiting.lines.extend_from_slice(line);
            waiting.lines.push(b'\n');
        } else {
            waiting.lost.add(1, now());
            self.count.lost.fetch_add(1, Ordering::Relaxed);
        }
        if !waiting.has_turn {
            // Without a writer, the daemon has ended.
            waiting.has_turn = self.turns.send(Turn::Write(Arc::clone(self))).is_ok();
        }
    }

    /// Takes all that waits, and what was lost after it.
    pub(super) fn take(&self) -> (Vec<u8>, Lost) {
        let waiting = std::mem::take(&mut *self.lock());
        (waiting.lines, waiting.lost)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lines that are lost and not yet written down as such.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost(Option<LostRecord>);

impl Lost {
    pub(super) fn is_none(self) -> bool {
        self.0.is_none()
    }

    pub(super) fn record(self) -> Option<LostRecord> {
        self.0
    }

    /// So many more, at a time in seconds since 1970.
    pub(super) fn add(&mut self, lines: u64, at: u64) {
        if lines > 0 {
            self.merge(Self(Some(LostRecord {
                lines,
                since: at,
                until: at,
            })));
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0 = match (self.0, other.0) {
            (Some(one), Some(other)) => Some(one.merged(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    since_1970(SystemTime::now()).as_secs()
}
