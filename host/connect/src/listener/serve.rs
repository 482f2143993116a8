//! The loop that accepts clients.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::pending::{Crowd, HelloBuffer, Pending, Progress};
use super::{Counts, Peer};
use crate::wait::wait;
use crate::wire::{Frame, Refused};
use crate::{Connection, rights};

/// How many clients are accepted before those that have said something are read again.
const BATCH: usize = 64;

/// How long no client is accepted after the process or the system had no more descriptors or
/// memory. Sessions that end give them back; asking all the time would only take a processor.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients, and reads their hellos.
pub(super) struct Reception<'listener, F> {
    socket: BorrowedFd<'listener>,
    counts: &'listener Counts,
    serve: F,
    crowd: Crowd,
    buffer: HelloBuffer,
    /// Until when no client is accepted.
    paused: Option<Instant>,
}

impl<'listener, F: FnMut(Connection)> Reception<'listener, F> {
    pub(super) fn new(socket: BorrowedFd<'listener>, counts: &'listener Counts, serve: F) -> Self {
        Self {
            socket,
            counts,
            serve,
            crowd: Crowd::default(),
            buffer: HelloBuffer::new(),
            paused: None,
        }
    }

    pub(super) fn run(mut self, stop: BorrowedFd<'_>) -> io::Result<()> {
        loop {
            let now = Instant::now();
            let late = self.crowd.remove_late(now);
            add(&self.counts.too_slow, late.len());
            drop(late);
            self.paused = self.paused.filter(|until| *until > now);

            let accepted = match self.paused {
                Some(_) => PollFlags::empty(),
                None => PollFlags::IN,
            };
            let mut all = vec![
                PollFd::from_borrowed_fd(stop, PollFlags::IN),
                PollFd::from_borrowed_fd(self.socket, accepted),
            ];
            let clients = self.crowd.clients().iter();
            all.extend(clients.map(|client| PollFd::new(client, PollFlags::IN)));
            let deadlines = [self.paused, self.crowd.next_deadline()];
            wait(&mut all, deadlines.into_iter().flatten().min())?;

            let is_ready = |descriptor: &PollFd<'_>| !descriptor.revents().is_empty();
            if is_ready(&all[0]) {
                return Ok(());
            }
            let can_accept = is_ready(&all[1]);
            let ready: Vec<usize> = (0..all.len() - 2)
                .filter(|index| is_ready(&all[index + 2]))
                .collect();
            // From the last one, so that those before it keep their places.
            for index in ready.into_iter().rev() {
                let client = self.crowd.take(index);
                if let Some(client) = self.read(client) {
                    self.crowd.put_back(index, client);
                }
            }
            if can_accept {
                self.accept();
            }
        }
    }

    fn accept(&mut self) {
        for _ in 0..BATCH {
            match accept(self.socket) {
                Ok(socket) => self.welcome(socket),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    add(&self.counts.exhausted, 1);
                    match self.crowd.remove_one() {
                        Some(_) => add(&self.counts.crowded_out, 1),
                        None => {
                            self.paused = Some(Instant::now() + EXHAUSTED_PAUSE);
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Reads from a new client, which mostly has sent its hello already.
    fn welcome(&mut self, socket: OwnedFd) {
        // It may have connected to a socket that systemd has made.
        rights::refuse(&socket);
        let Ok(peer) = Peer::of(&socket) else {
            return add(&self.counts.gone, 1);
        };
        if let Some(client) = self.read(Pending::new(socket, peer))
            && self.crowd.add(client).is_some()
        {
            add(&self.counts.crowded_out, 1);
        }
    }

    /// Reads from a client; returns it if its hello is not complete.
    fn read(&mut self, client: Pending) -> Option<Pending> {
        match client.read(&mut self.buffer) {
            Progress::More(client) => return Some(client),
            Progress::Complete(connection) => {
                add(&self.counts.complete, 1);
                (self.serve)(connection);
            }
            Progress::Refused(control, error) => {
                add(&self.counts.refused, 1);
                let text = cachewarden_types::with_causes(&error);
                // A client that is gone need not be told.
                let _ = control.send(&Frame::Refused(Refused::new("hello", text)));
            }
            Progress::Gone => add(&self.counts.gone, 1),
        }
        None
    }
}

fn add(count: &AtomicU64, number: usize) {
    count.fetch_add(number as u64, Ordering::Relaxed);
}

/// A client's socket needs no O_NONBLOCK: each call says that it must not wait.
#[cfg(not(target_vendor = "apple"))]
fn accept(socket: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    rustix::net::accept_with(socket, rustix::net::SocketFlags::CLOEXEC)
}

#[cfg(target_vendor = "apple")]
fn accept(socket: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let accepted = rustix::net::accept(socket)?;
    rustix::io::fcntl_setfd(&accepted, rustix::io::FdFlags::CLOEXEC)?;
    Ok(accepted)
}
