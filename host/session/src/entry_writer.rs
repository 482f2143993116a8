//! Writes the entries of puts that come faster than one thread writes files: while the session takes
//! the next object in, another thread writes the entries of those before.
//!
//! What always holds: entries are written in the order of their puts, and all of them before the
//! session waits for its client. A put that comes alone is written by the session itself, so most
//! sessions have no such thread.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::SystemTime;

use cachewarden_store::{NewEntry, Store};
use cachewarden_types::{Digest, ScopeName};

/// Puts whose entries are handed over together: waking a thread takes as long as writing a file.
const BATCH: usize = 32;

/// Batches that may wait for the thread; then the session waits too, so that memory is bounded.
const WAITING: usize = 4;

/// A put whose entry is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptPut {
    pub(super) action: Digest,
    pub(super) entry: NewEntry,
    pub(super) time: SystemTime,
}

/// A put whose entry was written: the size of the object that it has replaced, or why it is lost.
type Written = (KeptPut, io::Result<Option<u64>>);

/// Writes the entries of a session into its scope.
pub(super) struct EntryWriter {
    store: Arc<Store>,
    scope: ScopeName,
    next: Vec<KeptPut>,
    thread: Option<WriterThread>,
    /// Batches that the thread has.
    handed_over: usize,
}

/// The thread. It ends when nobody can give it another batch.
struct WriterThread {
    batches: SyncSender<Vec<KeptPut>>,
    written: Receiver<Vec<Written>>,
}

impl EntryWriter {
    pub(super) fn new(store: Arc<Store>, scope: ScopeName) -> Self {
        Self {
            store,
            scope,
            next: Vec::new(),
            thread: None,
            handed_over: 0,
        }
    }

    /// Takes a put whose entry is written soon.
    pub(super) fn add(&mut self, put: KeptPut) {
        self.next.push(put);
        if self.next.len() == BATCH {
            self.hand_over();
        }
    }

    /// Writes all that was added, and says of each what has become of it.
    pub(super) fn settle(&mut self, mut note: impl FnMut(KeptPut, io::Result<Option<u64>>)) {
        if self.handed_over > 0 {
            // Behind the others: of two puts of one action, the later one counts.
            self.hand_over();
        }
        if let Some(thread) = &self.thread {
            // The thread answers each batch.
            let written = thread.written.iter().take(self.handed_over).flatten();
            written.for_each(|(put, written)| note(put, written));
            self.handed_over = 0;
        }
        for put in self.next.drain(..) {
            let (put, written) = write(&self.store, &self.scope, put);
            note(put, written);
        }
    }

    /// Gives the thread what was added. Where the system has no thread to give, it stays here.
    fn hand_over(&mut self) {
        if self.next.is_empty() {
            return;
        }
        if self.thread.is_none() {
            self.thread = WriterThread::start(&self.store, &self.scope).ok();
        }
        if let Some(thread) = &self.thread {
            let batch = std::mem::take(&mut self.next);
            match thread.batches.send(batch) {
                Ok(()) => self.handed_over += 1,
                Err(unsent) => self.next = unsent.0,
            }
        }
    }
}

impl WriterThread {
    fn start(store: &Arc<Store>, scope: &ScopeName) -> io::Result<Self> {
        let (batches, received) = sync_channel::<Vec<KeptPut>>(WAITING);
        let (sender, written) = std::sync::mpsc::channel();
        let (store, scope) = (Arc::clone(store), scope.clone());
        let write_all = move || {
            for batch in received {
                let batch = batch.into_iter();
                let done = batch.map(|put| write(&store, &scope, put)).collect();
                if sender.send(done).is_err() {
                    return;
                }
            }
        };
        let builder = thread::Builder::new().name("entries".to_owned());
        builder.spawn(write_all)?;
        Ok(Self { batches, written })
    }
}

fn write(store: &Store, scope: &ScopeName, put: KeptPut) -> Written {
    let KeptPut {
        action,
        entry,
        time,
    } = put;
    (put, store.put_entry(scope, &action, entry, time))
}

#[cfg(test)]
mod tests {
    use cachewarden_content::Content;
    use cachewarden_store::{Reach, SessionId, SharedStore};
    use cachewarden_types::{Facts, Kind, Role};

    use super::*;

    /// More than may wait for the thread.
    const PUTS: u64 = (BATCH * (WAITING + 2)) as u64 + 1;

    /// The puts of a session, of which each action has two, one after the other.
    fn puts() -> impl Iterator<Item = KeptPut> {
        let time = SystemTime::now();
        (0..PUTS).map(move |number| KeptPut {
            action: Digest::of(&(number / 2).to_le_bytes()),
            entry: NewEntry {
                output: Digest::of(b""),
                size: number,
                content: Content {
                    kind: Kind::Other,
                    role: Role::Unknown,
                    facts: Facts::NONE,
                },
                lifetime: None,
                reach: Reach::Shared,
                producer: SessionId(1),
                user: 0,
            },
            time,
        })
    }

    #[test]
    fn each_entry_is_written_and_of_two_for_one_action_the_later() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        let (store, scope) = (Arc::new(store), "main".parse::<ScopeName>().unwrap());
        let mut writer = EntryWriter::new(Arc::clone(&store), scope.clone());
        for round in 0..2 {
            puts().for_each(|put| writer.add(put));
            let mut sizes = Vec::new();
            writer.settle(|put, written| {
                written.unwrap();
                sizes.push(put.entry.size);
            });
            assert_eq!(sizes, (0..PUTS).collect::<Vec<_>>(), "round {round}");
        }
        for put in puts().filter(|put| put.entry.size % 2 == 1) {
            let entry = store.shared_entry(&scope, &put.action, put.time).unwrap();
            assert_eq!(entry.size, put.entry.size);
        }
        writer.settle(|put, _| panic!("{put:?} was written before"));
    }

    #[test]
    fn entries_that_cannot_be_written_are_all_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        // A file where the folder of all scopes should be.
        let scopes = folder.path().join("store/scopes");
        let _ = std::fs::remove_dir_all(&scopes);
        std::fs::write(&scopes, "").unwrap();
        let mut writer = EntryWriter::new(Arc::new(store), "main".parse().unwrap());
        puts().for_each(|put| writer.add(put));
        let mut lost = 0;
        writer.settle(|_, written| lost += u64::from(written.is_err()));
        assert_eq!(lost, PUTS);
    }
}
