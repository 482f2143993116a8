//! Takes an object in, whatever its bytes come from: they are looked at, hashed, and written or
//! compared as they pass.

use std::sync::mpsc;
use std::thread;

use cachewarden_content::{Content, Recogniser};
use cachewarden_store::{ObjectWriter, PutError, StoredObject};

/// An object from this size on is read and decoded by one thread while another hashes and writes
/// it. Below, starting a thread costs more than it saves.
const OVERLAPPED_FROM: u64 = 1024 * 1024;

/// Parts that wait for the second thread: enough that neither waits for the other's every step.
const PARTS_UNDER_WAY: usize = 4;

/// The bytes of an object as they come.
pub(super) trait Parts {
    /// Why they stop coming.
    type Error;

    /// The next bytes; `None` when all were given.
    fn next_part(&mut self) -> Result<Option<&[u8]>, Self::Error>;
}

/// An object that was taken in.
pub(super) struct TakenIn {
    pub(super) stored: StoredObject,
    pub(super) content: Content,
    /// It is a list of source files with a name that leads out of its folder.
    pub(super) has_unsafe_names: bool,
}

impl TakenIn {
    /// Ends an object whose bytes were all taken.
    ///
    /// # Errors
    /// When they are not those of the object's name, or could not be written. Nothing is kept then.
    pub(super) fn finish(writer: ObjectWriter, recogniser: Recogniser) -> Result<Self, PutError> {
        let stored = writer.finish()?;
        let has_unsafe_names = recogniser.has_unsafe_names();
        Ok(Self {
            stored,
            content: recogniser.finish(),
            has_unsafe_names,
        })
    }
}

/// Takes in an object that should have `size` bytes.
///
/// # Errors
/// When the bytes stop coming, are not those of the object's name, or cannot be written. Nothing is kept then.
pub(super) fn take_in<P: Parts, E: From<P::Error> + From<PutError>>(
    mut writer: ObjectWriter,
    mut recogniser: Recogniser,
    size: u64,
    parts: &mut P,
) -> Result<TakenIn, E> {
    if size >= OVERLAPPED_FROM {
        take_in_overlapped(&mut writer, &mut recogniser, parts)?;
    }
    // What is left: all of it, or nothing.
    while let Some(part) = parts.next_part()? {
        recogniser.update(part);
        writer.write(part);
    }
    Ok(TakenIn::finish(writer, recogniser)?)
}

/// Takes bytes in on two threads: this one reads and decodes, the other hashes and writes. Where
/// the system has no thread to give, nothing of them was taken.
fn take_in_overlapped<P: Parts>(
    writer: &mut ObjectWriter,
    recogniser: &mut Recogniser,
    parts: &mut P,
) -> Result<(), P::Error> {
    let (sender, received) = mpsc::sync_channel::<Vec<u8>>(PARTS_UNDER_WAY);
    // The sender belongs to this closure, so that the other thread ends however it is left.
    thread::scope(move |threads| {
        let write_all = move || received.into_iter().for_each(|part| writer.write(&part));
        if thread::Builder::new()
            .spawn_scoped(threads, write_all)
            .is_err()
        {
            return Ok(());
        }
        while let Some(part) = parts.next_part()? {
            recogniser.update(part);
            // The other one takes all that comes.
            let _ = sender.send(part.to_vec());
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    use cachewarden_content::Roles;
    use cachewarden_store::{Location, SharedStore, Store};
    use cachewarden_types::{Digest, Kind};

    /// Bytes from memory; the end of them is an error where they break off.
    struct Given {
        parts: VecDeque<Vec<u8>>,
        last: Vec<u8>,
        breaks_off: bool,
    }

    impl Parts for Given {
        type Error = Failure;

        fn next_part(&mut self) -> Result<Option<&[u8]>, Failure> {
            match self.parts.pop_front() {
                Some(part) => {
                    self.last = part;
                    Ok(Some(&self.last))
                }
                None if self.breaks_off => Err(Failure::BrokeOff),
                None => Ok(None),
            }
        }
    }

    #[derive(Debug, PartialEq)]
    enum Failure {
        BrokeOff,
        NotKept,
    }

    impl From<PutError> for Failure {
        fn from(_: PutError) -> Self {
            Self::NotKept
        }
    }

    #[test]
    fn an_object_is_kept_whole_or_not_at_all_whatever_gives_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), SharedStore::Deny).unwrap();
        let small = b"#!/bin/sh\n".to_vec();
        let large = vec![b'x'; OVERLAPPED_FROM as usize + 7];
        for (bytes, kind) in [(small, Kind::Executable), (large, Kind::Other)] {
            let output = Digest::of(&bytes);
            let take = |name: Digest, breaks_off| {
                let mut given = Given {
                    parts: bytes.chunks(100_000).map(<[u8]>::to_vec).collect(),
                    last: Vec::new(),
                    breaks_off,
                };
                let action = Digest::of(b"action");
                let recogniser = Recogniser::new(&action, Roles::default().of(&action));
                let size = bytes.len() as u64;
                take_in::<_, Failure>(store.receive(name), recogniser, size, &mut given)
            };
            assert_eq!(take(output, true).err(), Some(Failure::BrokeOff));
            let other = Digest::of(b"other bytes");
            assert_eq!(take(other, false).err(), Some(Failure::NotKept));
            assert!(!store.verify_object(Location::Store, &output, bytes.len() as u64));
            let taken = take(output, false).unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(taken.stored.size, bytes.len() as u64);
            assert_eq!(taken.content.kind, kind);
            assert!(store.verify_object(Location::Store, &output, bytes.len() as u64));
        }
    }
}
