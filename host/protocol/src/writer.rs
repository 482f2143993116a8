//! Writes answers without blocking the reader of requests, as long as the number of unsent bytes is
//! bounded.
//!
//! cmd/go may send thousands of requests before it reads an answer; if this side stopped reading
//! while the pipe is full of answers, both would wait for ever. So an answer is written at once
//! where the pipe has room, and a thread takes over where it has none. No honest client goes on
//! sending without reading; when the bound is reached, nothing more is read until the client has
//! read some answers. No answer is dropped: such a session continues when its client reads, and
//! ends when its client is gone.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use cachewarden_system::streams::{ATOMIC_WRITE, AsStream, write_now};

use super::ResponseSink;
use super::message::Response;

/// Writes as much as a stream takes without blocking; 0 where it takes nothing now.
type WriteNow<W> = fn(&W, &[u8]) -> io::Result<usize>;

/// The most bytes of unsent answers; beyond it, no more requests are read. An answer has some 300
/// bytes, so this is more than 65,536 answers. A go command has a few requests in flight for each
/// processor and always reads, so it never reaches this bound.
const MAX_PENDING: usize = 32 * 1024 * 1024;

/// Collecting more answers than this into one write gains nothing.
const ENOUGH: usize = ATOMIC_WRITE;

/// Answers to a stream of bytes.
pub struct ResponseWriter<W> {
    /// Answers that were not written or enqueued yet.
    pending: Vec<u8>,
    shared: Arc<Shared<W>>,
    write_now: WriteNow<W>,
    thread_started: bool,
}

struct Shared<W> {
    stream: W,
    backlog: Mutex<Backlog>,
    changed: Condvar,
}

#[derive(Default)]
struct Backlog {
    pending: Vec<u8>,
    /// How many bytes the thread is writing, outside the lock.
    writing: usize,
    closed: bool,
    error: Option<io::ErrorKind>,
}

impl<W> ResponseWriter<W>
where
    W: AsStream + Send + Sync + 'static,
    for<'stream> &'stream W: Write,
{
    /// Writes to a file, a pipe or a socket.
    pub fn new(stream: W) -> Self {
        Self::with(stream, write_now)
    }
}

impl<W> ResponseWriter<W>
where
    W: Send + Sync + 'static,
    for<'stream> &'stream W: Write,
{
    /// Writes to a stream that has a way of its own to write what it takes without blocking; 0
    /// bytes where it takes nothing now.
    pub fn with(stream: W, write_now: WriteNow<W>) -> Self {
        Self {
            pending: Vec::new(),
            shared: Arc::new(Shared {
                stream,
                backlog: Mutex::default(),
                changed: Condvar::new(),
            }),
            write_now,
            thread_started: false,
        }
    }

    /// Writes as many of the pending bytes as the stream takes without blocking.
    fn write_without_waiting(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.pending.len() {
            match (self.write_now)(&self.shared.stream, &self.pending[written..])? {
                0 => break,
                count => written += count,
            }
        }
        self.pending.drain(..written);
        Ok(())
    }

    /// Gives the pending bytes to the thread.
    fn enqueue(&mut self, mut backlog: MutexGuard<'_, Backlog>) {
        backlog.pending.append(&mut self.pending);
        drop(backlog);
        self.shared.changed.notify_all();
    }

    fn start_thread(&mut self) -> io::Result<()> {
        if !self.thread_started {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new()
                .name("answers".into())
                .spawn(move || shared.write_backlog())?;
            self.thread_started = true;
        }
        Ok(())
    }
}

impl<W> ResponseSink for ResponseWriter<W>
where
    W: Send + Sync + 'static,
    for<'stream> &'stream W: Write,
{
    fn send(&mut self, response: &Response<'_>) -> io::Result<()> {
        response.write_to(&mut self.pending);
        if self.pending.len() >= ENOUGH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let mut backlog = shared.lock();
        backlog.check()?;
        if backlog.is_empty() {
            drop(backlog);
            self.write_without_waiting()?;
            if self.pending.is_empty() {
                return Ok(());
            }
            self.start_thread()?;
            backlog = shared.lock();
        }
        // Bytes that exceed the bound by themselves are enqueued when nothing else is.
        while backlog.bytes() + self.pending.len() > MAX_PENDING && !backlog.is_empty() {
            backlog = shared.wait(backlog);
            backlog.check()?;
        }
        self.enqueue(backlog);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        let mut backlog = self.shared.lock();
        while !backlog.is_empty() {
            backlog.check()?;
            backlog = self.shared.wait(backlog);
        }
        backlog.check()
    }
}

impl<W> Drop for ResponseWriter<W> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl<W> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'guard>(&self, guard: MutexGuard<'guard, Backlog>) -> MutexGuard<'guard, Backlog> {
        self.changed
            .wait(guard)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: writes what is enqueued until the writer is dropped.
    fn write_backlog(&self)
    where
        for<'stream> &'stream W: Write,
    {
        let mut backlog = self.lock();
        loop {
            if !backlog.pending.is_empty() {
                let bytes = std::mem::take(&mut backlog.pending);
                backlog.writing = bytes.len();
                drop(backlog);
                let result = (&self.stream).write_all(&bytes);
                backlog = self.lock();
                backlog.writing = 0;
                if let Err(error) = result {
                    backlog.error = Some(error.kind());
                }
                self.changed.notify_all();
            } else if backlog.closed {
                return;
            } else {
                backlog = self.wait(backlog);
            }
        }
    }
}

impl Backlog {
    fn bytes(&self) -> usize {
        self.pending.len() + self.writing
    }

    fn is_empty(&self) -> bool {
        self.bytes() == 0
    }

    fn check(&self) -> io::Result<()> {
        self.error.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

#[cfg(test)]
mod tests;
