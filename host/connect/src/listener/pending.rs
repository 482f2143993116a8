//! Clients whose hello is not complete.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::Peer;
use crate::Connection;
use crate::control::Control;
use crate::wire::{Hello, HelloReader, LENGTH_BYTES, MAX_HELLO, WireError, receive_takeover};

/// How long a client may take from connecting to the end of its hello. An honest one takes
/// microseconds, and gives up after one second itself.
const HANDSHAKE_TIME: Duration = Duration::from_secs(1);

/// The most clients without a complete hello. Each costs a descriptor and at most the bytes of a
/// hello: 16 MiB together.
pub(super) const MAX_PENDING: usize = 256;

/// The most of one user: a quarter, so that four users who do their worst are needed to fill it.
const MAX_OF_A_USER: usize = 64;

/// A client whose hello is not complete.
#[derive(Debug)]
pub(super) struct Pending {
    socket: OwnedFd,
    peer: Peer,
    deadline: Instant,
    hello: HelloReader,
}

/// What reading from a client gave.
pub(super) enum Progress {
    /// Nothing yet, or not all.
    More(Pending),
    Complete(Connection),
    Refused(Control, WireError),
    Gone,
}

impl Pending {
    pub(super) fn new(socket: OwnedFd, peer: Peer) -> Self {
        Self {
            socket,
            peer,
            deadline: Instant::now() + HANDSHAKE_TIME,
            hello: HelloReader::default(),
        }
    }

    /// Reads what has arrived, through a buffer that all clients share.
    pub(super) fn read(mut self, buffer: &mut HelloBuffer) -> Progress {
        loop {
            let received = match receive_takeover(&self.socket, &mut buffer.0) {
                Ok((0, _)) => return Progress::Gone,
                Ok((received, Ok(descriptors))) if descriptors.is_empty() => received,
                Ok(_) => return self.refused(WireError::UnexpectedDescriptors),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Progress::More(self),
                Err(_) => return Progress::Gone,
            };
            match self.hello.take(&buffer.0[..received]) {
                Ok(None) => {}
                Ok(Some(hello)) => return self.complete(hello),
                Err(error) => return self.refused(error),
            }
        }
    }

    fn complete(self, hello: Hello) -> Progress {
        Progress::Complete(Connection {
            peer: self.peer,
            hello,
            control: Control::new(self.socket),
        })
    }

    fn refused(self, error: WireError) -> Progress {
        Progress::Refused(Control::new(self.socket), error)
    }
}

impl AsFd for Pending {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Where a hello is received: a byte more than the largest one, which shows that bytes follow.
pub(super) struct HelloBuffer(Box<[u8]>);

impl HelloBuffer {
    pub(super) fn new() -> Self {
        Self(vec![0; LENGTH_BYTES + MAX_HELLO + 1].into_boxed_slice())
    }
}

/// All clients whose hello is not complete, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    clients: Vec<Pending>,
}

impl Crowd {
    pub(super) fn clients(&self) -> &[Pending] {
        &self.clients
    }

    /// Adds a client; returns the one that must make room for it.
    pub(super) fn add(&mut self, client: Pending) -> Option<Pending> {
        let of_user = self.of_user(client.peer.uid);
        let crowded_out = if of_user >= MAX_OF_A_USER {
            self.remove_oldest_of(client.peer.uid)
        } else if self.clients.len() >= MAX_PENDING {
            self.remove_one()
        } else {
            None
        };
        self.clients.push(client);
        crowded_out
    }

    /// Removes the oldest client of the user who has most.
    pub(super) fn remove_one(&mut self) -> Option<Pending> {
        let users = self.clients.iter().map(|client| client.peer.uid);
        let uid = users.max_by_key(|uid| self.of_user(*uid))?;
        self.remove_oldest_of(uid)
    }

    /// Takes a client out, to be read from.
    pub(super) fn take(&mut self, index: usize) -> Pending {
        self.clients.remove(index)
    }

    /// Puts a client back that was taken out.
    pub(super) fn put_back(&mut self, index: usize, client: Pending) {
        self.clients.insert(index, client);
    }

    /// Removes those that have not said all in time; returns how many.
    pub(super) fn remove_late(&mut self, now: Instant) -> usize {
        let late = self
            .clients
            .partition_point(|client| client.deadline <= now);
        self.clients.drain(..late).count()
    }

    /// When the next one is late.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.clients.first().map(|client| client.deadline)
    }

    fn of_user(&self, uid: u32) -> usize {
        let same = |client: &&Pending| client.peer.uid == uid;
        self.clients.iter().filter(same).count()
    }

    fn remove_oldest_of(&mut self, uid: u32) -> Option<Pending> {
        let index = self
            .clients
            .iter()
            .position(|client| client.peer.uid == uid)?;
        Some(self.clients.remove(index))
    }
}
