//! Waiting for the input of a stream and for other threads at once.
//!
//! What always holds: a thread that wakes another one before that begins to wait is not overlooked,
//! and input that has come is never lost by a wait.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::time::Duration;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// A stream that can be read, and waited for.
pub use system::Input;

/// Gives the thread that waits with it a sign from other threads.
#[derive(Debug)]
pub struct Wakeup(system::Wakeup);

/// Wakes the thread that waits with a [`Wakeup`].
#[derive(Clone, Debug)]
pub struct Waker(system::Waker);

/// What a wait has ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Input has come. The end of a stream is input, too, and so is an error, which whoever reads
    /// then finds.
    Input,
    /// A thread has woken this one, or the time is over, or a signal has come.
    Otherwise,
}

/// A stream whose input can be waited for.
pub trait Waitable {
    /// Waits until input has come, or `wakeup` was woken, or the time is over.
    fn wait(&self, wakeup: &Wakeup, timeout: Option<Duration>) -> Woken;
}

impl Wakeup {
    /// One that nobody has woken yet.
    ///
    /// # Errors
    /// When the system has nothing to give that it needs.
    pub fn new() -> io::Result<Self> {
        system::Wakeup::new().map(Self)
    }

    /// What wakes it.
    pub fn waker(&self) -> Waker {
        Waker(self.0.waker())
    }
}

impl Waker {
    /// Wakes the thread, at once or when it waits next. Several times before that are as one.
    pub fn wake(&self) {
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::input;
    use std::io::{Read, Write};
    use std::thread;

    /// Only a test that fails waits for so long.
    const LONG: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn who_was_woken_before_waits_for_nothing_and_once() {
        let (reader, _writer) = io::pipe().unwrap();
        let stream = input(reader);
        let wakeup = Wakeup::new().unwrap();
        wakeup.waker().wake();
        wakeup.waker().wake();
        assert_eq!(stream.wait(&wakeup, None), Woken::Otherwise);
        let began = std::time::Instant::now();
        let short = Duration::from_millis(20);
        assert_eq!(stream.wait(&wakeup, Some(short)), Woken::Otherwise);
        assert!(began.elapsed() >= short);
    }

    #[test]
    fn input_ends_a_wait_and_is_there_afterwards() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut stream = input(reader);
        let wakeup = Wakeup::new().unwrap();
        let waker = wakeup.waker();
        let mut bytes = [0; 16];
        for round in 0..100_u8 {
            // A wait that another thread ends leaves the stream as it was.
            waker.wake();
            let other = thread::spawn({
                let mut writer = writer.try_clone().unwrap();
                move || writer.write_all(&[round; 3]).unwrap()
            });
            while stream.wait(&wakeup, LONG) == Woken::Otherwise {}
            assert_eq!(stream.read(&mut bytes[..2]).unwrap(), 2);
            assert_eq!(stream.wait(&wakeup, LONG), Woken::Input, "one byte is left");
            assert_eq!(stream.read(&mut bytes[2..]).unwrap(), 1);
            assert_eq!(bytes[..3], [round; 3]);
            other.join().unwrap();
            // And without a wait.
            writer.write_all(b"more").unwrap();
            assert_eq!(stream.read(&mut bytes).unwrap(), 4);
        }
        drop(writer);
        while stream.wait(&wakeup, LONG) == Woken::Otherwise {}
        assert_eq!(stream.read(&mut bytes).unwrap(), 0);
        assert_eq!(stream.read(&mut bytes).unwrap(), 0);
    }

    #[test]
    fn another_thread_ends_a_wait() {
        let (reader, _writer) = io::pipe().unwrap();
        let stream = input(reader);
        let wakeup = Wakeup::new().unwrap();
        for _ in 0..100 {
            let waker = wakeup.waker();
            let other = thread::spawn(move || waker.wake());
            assert_eq!(stream.wait(&wakeup, LONG), Woken::Otherwise);
            other.join().unwrap();
        }
    }
}
