//! Entries that come from another machine: they are kept as if this machine were a nearer tier.

use std::io;
use std::time::SystemTime;

use cachewarden_content::Content;
use cachewarden_types::{Digest, ScopeName};

use super::entry::{Entry, NO_USER};
use super::objects::read_parts;
use super::{Reach, SessionId, Store};

/// An entry that comes from another machine, whose object is in the store.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    /// The object. It was hashed on this machine.
    pub output: Digest,
    /// Bytes of the object.
    pub size: u64,
    /// When it was put first, on whatever machine.
    pub time: SystemTime,
    /// What this machine found.
    pub content: Content,
    /// When it expires; `None` for never.
    pub expires: Option<SystemTime>,
    /// The session that has put it.
    pub producer: SessionId,
}

impl Store {
    /// Keeps an entry of `scope` that comes from another machine. One that is there stays, unless it
    /// has expired: it was put here.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn fill_entry(
        &self,
        scope: &ScopeName,
        action: &Digest,
        filled: &Filled,
        now: SystemTime,
    ) -> io::Result<()> {
        let Some(shared) = &self.shared else {
            return Err(io::Error::other("the store could not be opened"));
        };
        let stored = shared.entries(scope).stored(action);
        if stored.is_some_and(|stored| !stored.has_expired(now)) {
            return Ok(());
        }
        let entry = Entry {
            output: filled.output,
            size: filled.size,
            time: filled.time,
            content: filled.content,
            expires: filled.expires,
            reach: Reach::Shared,
            producer: filled.producer,
            user: NO_USER,
            boot: self.boot,
        };
        shared.put(scope, action, &entry).map(drop)
    }

    /// Gives the bytes of an object to `take`, part by part. They are not checked.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn read_object(&self, output: &Digest, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
        let shared = self.shared.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let (mut file, _) = shared.objects.shard_dir.open(output, false)?;
        read_parts(&mut file, |part| {
            take(part);
            Ok(())
        })
    }
}
