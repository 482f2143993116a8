//! Writes answers without ever making the reader of requests wait, up to a bound.
//!
//! cmd/go may send thousands of requests before it reads an answer; if this side stopped reading while its answers
//! find no room in the pipe, both would wait for ever. So an answer is written at once where there is room, and a
//! thread takes over where there is none.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::io::Errno;

use super::ResponseSink;
use super::message::Response;

/// Answers that may wait for a reader; beyond it, requests wait too. At some 300 bytes an answer this is 20 MB.
const MAX_WAITING: usize = 65_536;

/// Bytes that a pipe which polls as writable takes without blocking (PIPE_BUF on Linux, and at least that elsewhere). Answers
/// of so many bytes gain nothing by waiting for company.
const ATOMIC_WRITE: usize = 4096;

/// Answers to a stream of bytes.
pub struct ResponseWriter<W> {
    held: Held,
    shared: Arc<Shared<W>>,
    thread_started: bool,
}

/// Answers that were not written yet.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    answers: usize,
}

struct Shared<W> {
    stream: W,
    backlog: Mutex<Backlog>,
    changed: Condvar,
}

#[derive(Default)]
struct Backlog {
    held: Held,
    /// The thread is writing, outside the lock, this many answers.
    writing: usize,
    closed: bool,
    error: Option<io::ErrorKind>,
}

impl<W> ResponseWriter<W>
where
    W: AsFd + Send + Sync + 'static,
    for<'stream> &'stream W: Write,
{
    /// Writes to `stream`.
    pub fn new(stream: W) -> Self {
        Self {
            held: Held::default(),
            shared: Arc::new(Shared {
                stream,
                backlog: Mutex::default(),
                changed: Condvar::new(),
            }),
            thread_started: false,
        }
    }

    /// Writes what is held as far as it goes without waiting.
    fn write_without_waiting(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.held.bytes.len() {
            match write_now(&self.shared.stream, &self.held.bytes[written..])? {
                0 => break,
                count => written += count,
            }
        }
        self.held.bytes.drain(..written);
        if self.held.bytes.is_empty() {
            self.held.answers = 0;
        }
        Ok(())
    }

    /// Leaves what is held to the thread.
    fn hand_over(&mut self, mut backlog: MutexGuard<'_, Backlog>) {
        backlog.held.bytes.append(&mut self.held.bytes);
        backlog.held.answers += std::mem::take(&mut self.held.answers);
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
    W: AsFd + Send + Sync + 'static,
    for<'stream> &'stream W: Write,
{
    fn send(&mut self, response: &Response<'_>) -> io::Result<()> {
        response.write_to(&mut self.held.bytes);
        self.held.answers += 1;
        if self.held.bytes.len() >= ATOMIC_WRITE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.bytes.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let mut backlog = shared.lock();
        backlog.check()?;
        if backlog.is_empty() {
            drop(backlog);
            self.write_without_waiting()?;
            if self.held.bytes.is_empty() {
                return Ok(());
            }
            self.start_thread()?;
            backlog = shared.lock();
        }
        while backlog.answers() + self.held.answers > MAX_WAITING && !backlog.is_empty() {
            backlog = shared.wait(backlog);
            backlog.check()?;
        }
        self.hand_over(backlog);
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

    /// The thread: writes what it is handed until the writer is gone.
    fn write_backlog(&self)
    where
        for<'stream> &'stream W: Write,
    {
        let mut backlog = self.lock();
        loop {
            if !backlog.held.bytes.is_empty() {
                let Held { bytes, answers } = std::mem::take(&mut backlog.held);
                backlog.writing = answers.max(1);
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
    fn answers(&self) -> usize {
        self.held.answers + self.writing
    }

    fn is_empty(&self) -> bool {
        self.held.bytes.is_empty() && self.writing == 0
    }

    fn check(&self) -> io::Result<()> {
        self.error.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

/// Writes as much as the stream takes without waiting; 0 where it takes nothing now.
fn write_now<W: AsFd>(stream: &W, bytes: &[u8]) -> io::Result<usize>
where
    for<'stream> &'stream W: Write,
{
    #[cfg(target_os = "linux")]
    match write_in_one_call(stream, bytes) {
        // An older kernel, or no pipe.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::SPIPE) => {}
        Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
        result => return Ok(result?),
    }
    if !is_writable(stream)? {
        return Ok(0);
    }
    let mut stream = stream;
    stream.write(&bytes[..bytes.len().min(ATOMIC_WRITE)])
}

/// One call instead of two for each answer: the flag makes this write alone return where it would wait.
#[cfg(target_os = "linux")]
fn write_in_one_call(stream: &impl AsFd, bytes: &[u8]) -> rustix::io::Result<usize> {
    use rustix::io::{ReadWriteFlags, pwritev2};
    /// The stream's own position; a pipe has no other.
    const HERE: u64 = u64::MAX;
    let bytes = [io::IoSlice::new(bytes)];
    pwritev2(stream, &bytes, HERE, ReadWriteFlags::NOWAIT)
}

fn is_writable(stream: &impl AsFd) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut descriptors = [PollFd::new(stream, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut descriptors, Some(&now)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    #[test]
    fn the_sender_never_waits_for_a_slow_reader_and_nothing_is_lost() {
        let (reader, writer) = io::pipe().unwrap();
        let mut sink = ResponseWriter::new(writer);
        let count = 50_000;
        for id in 0..count {
            sink.send(&Response::Miss(id)).unwrap();
            if id % 3 == 0 {
                sink.flush().unwrap();
            }
        }
        let lines = thread::spawn(move || {
            BufReader::new(reader)
                .lines()
                .map(|line| line.unwrap())
                .collect::<Vec<_>>()
        });
        sink.finish().unwrap();
        drop(sink);
        let lines = lines.join().unwrap();
        assert_eq!(lines.len(), count as usize);
        for (id, line) in lines.iter().enumerate() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["ID"], id);
        }
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error_and_not_a_hang() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut sink = ResponseWriter::new(writer);
        sink.send(&Response::Miss(1)).unwrap();
        assert_eq!(sink.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
