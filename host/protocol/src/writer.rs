//! Writes answers without making the reader of requests wait, as long as no more than a bounded number of bytes waits.
//!
//! cmd/go may send thousands of requests before it reads an answer; if this side stopped reading while its answers
//! find no room in the pipe, both would wait for ever. So an answer is written at once where there is room, and a
//! thread takes over where there is none. A client that goes on sending and does not read is not an honest one: when the
//! bound is reached nothing more is read of it until it has read some of the answers. Nothing is lost, and no answer is
//! dropped: a session that waits so goes on when its client reads, and ends when its client is gone.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::io::Errno;

use super::ResponseSink;
use super::message::Response;

/// Bytes of answers that may wait for a reader; beyond it, requests wait too, until some were read. An answer has some 300
/// bytes, so this holds 65,536 answers and more. A go command has a few requests in flight for each processor, and reads
/// on whatever it does besides, so it never meets this bound.
const MAX_WAITING: usize = 32 * 1024 * 1024;

/// Bytes that a pipe which polls as writable takes without blocking (PIPE_BUF on Linux, and at least that elsewhere). Answers
/// of so many bytes gain nothing by waiting for company.
const ATOMIC_WRITE: usize = 4096;

/// Answers to a stream of bytes.
pub struct ResponseWriter<W> {
    /// Answers that were not written yet.
    held: Vec<u8>,
    shared: Arc<Shared<W>>,
    thread_started: bool,
}

struct Shared<W> {
    stream: W,
    backlog: Mutex<Backlog>,
    changed: Condvar,
}

#[derive(Default)]
struct Backlog {
    held: Vec<u8>,
    /// The thread is writing, outside the lock, so many bytes.
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
            held: Vec::new(),
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
        while written < self.held.len() {
            match write_now(&self.shared.stream, &self.held[written..])? {
                0 => break,
                count => written += count,
            }
        }
        self.held.drain(..written);
        Ok(())
    }

    /// Leaves what is held to the thread.
    fn hand_over(&mut self, mut backlog: MutexGuard<'_, Backlog>) {
        backlog.held.append(&mut self.held);
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
        response.write_to(&mut self.held);
        if self.held.len() >= ATOMIC_WRITE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let mut backlog = shared.lock();
        backlog.check()?;
        if backlog.is_empty() {
            drop(backlog);
            self.write_without_waiting()?;
            if self.held.is_empty() {
                return Ok(());
            }
            self.start_thread()?;
            backlog = shared.lock();
        }
        // What is longer than the bound by itself goes out alone.
        while backlog.bytes() + self.held.len() > MAX_WAITING && !backlog.is_empty() {
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
            if !backlog.held.is_empty() {
                let bytes = std::mem::take(&mut backlog.held);
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
        self.held.len() + self.writing
    }

    fn is_empty(&self) -> bool {
        self.bytes() == 0
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
    fn what_waits_for_a_reader_is_bounded_in_bytes_however_long_each_answer_is() {
        const LENGTH: usize = 60_000;
        let most = MAX_WAITING + LENGTH + 100;
        let count = 3 * MAX_WAITING / LENGTH;
        let (reader, writer) = io::pipe().unwrap();
        let mut sink = ResponseWriter::new(writer);
        let shared = Arc::clone(&sink.shared);
        let sender = thread::spawn(move || {
            for id in 0..count {
                let answer = Response::Failed(id as i64, "x".repeat(LENGTH));
                sink.send(&answer).unwrap();
                let waiting = sink.shared.lock().bytes();
                assert!(waiting <= most, "{waiting} bytes wait");
            }
            sink.finish().unwrap();
        });
        // Nobody reads until it holds as much as it may.
        while shared.lock().bytes() + 2 * LENGTH < MAX_WAITING {
            thread::yield_now();
        }
        drop(shared);
        let lines = BufReader::new(reader)
            .lines()
            .take(count)
            .map(Result::unwrap);
        assert_eq!(lines.filter(|line| line.len() > LENGTH).count(), count);
        sender.join().unwrap();
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
