//! A client in memory: requests that are there at once, and answers that are kept.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use cachewarden_protocol::{
    BodyError, Command, ProtocolError, Request, RequestSource, Response, ResponseSink,
};
use cachewarden_system::wakeup::{Input, Waitable, Wakeup, Woken};
use cachewarden_types::{Code, Digest};

/// A request without its number, and the parts of its body as they come.
pub(super) struct Call {
    command: Command,
    body: VecDeque<Result<Vec<u8>, BodyError>>,
    body_size: u64,
}

impl Call {
    pub(super) fn get(action: Digest) -> Self {
        Self::bare(Command::Get { action })
    }

    /// A put of what it says that it is, in one part.
    pub(super) fn put(action: Digest, bytes: &[u8]) -> Self {
        Self::put_as(action, Digest::of(bytes), vec![Ok(bytes.to_vec())])
    }

    /// A put of these parts, which are said to be `output`.
    pub(super) fn put_as(
        action: Digest,
        output: Digest,
        parts: Vec<Result<Vec<u8>, BodyError>>,
    ) -> Self {
        let bytes = parts.iter().flatten().map(|part| part.len() as u64);
        Self {
            body_size: bytes.sum(),
            body: parts.into(),
            command: Command::Put { action, output },
        }
    }

    pub(super) fn close() -> Self {
        Self::bare(Command::Close)
    }

    pub(super) fn unusable(reason: &str) -> Self {
        Self::bare(Command::Unusable(reason.to_owned()))
    }

    fn bare(command: Command) -> Self {
        Self {
            command,
            body: VecDeque::new(),
            body_size: 0,
        }
    }
}

/// Requests, numbered from 1.
pub(super) struct Requests {
    pub(super) left: VecDeque<Call>,
    pub(super) body: VecDeque<Result<Vec<u8>, BodyError>>,
    pub(super) part: Vec<u8>,
    pub(super) given: i64,
    /// Whether each request is there before it is asked for.
    pub(super) at_once: bool,
    /// So many come at once, whatever the others do.
    pub(super) burst: i64,
    /// Where they would come from; nothing ever does, so a session that waits is answered by
    /// something else.
    pub(super) stream: Option<Input>,
    /// What comes after the last one, if that is no end.
    pub(super) error: Option<ProtocolError>,
    /// Answers that were held back, which a client that has to be waited for must not lack.
    pub(super) held_back: Arc<AtomicUsize>,
}

impl Requests {
    pub(super) fn new(calls: Vec<Call>) -> Self {
        Self {
            left: calls.into(),
            body: VecDeque::new(),
            part: Vec::new(),
            given: 0,
            at_once: true,
            burst: 0,
            stream: None,
            error: None,
            held_back: Arc::default(),
        }
    }
}

impl RequestSource for Requests {
    fn is_ready(&self) -> bool {
        self.at_once || self.given < self.burst
    }

    fn is_body_ready(&self) -> bool {
        self.at_once
    }

    fn wait(&self, wakeup: &Wakeup, timeout: Option<Duration>) -> Option<Woken> {
        let stream = self.stream.as_ref()?;
        Some(stream.wait(wakeup, timeout))
    }

    fn read_ahead(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn next_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        let held_back = self.held_back.load(Ordering::Relaxed);
        assert!(self.is_ready() || held_back == 0, "the client waits, too");
        let Some(call) = self.left.pop_front() else {
            return self.error.take().map_or(Ok(None), Err);
        };
        self.given += 1;
        self.body = call.body;
        Ok(Some(Request {
            id: self.given,
            command: call.command,
            body_size: call.body_size,
        }))
    }

    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError> {
        match self.body.pop_front() {
            Some(part) => {
                self.part = part?;
                Ok(Some(&self.part))
            }
            None => Ok(None),
        }
    }
}

/// An answer, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Hit {
        output: Digest,
        size: u64,
        path: String,
    },
    Miss,
    Kept(String),
    Closed,
    Failed(Code, String),
}

impl Answer {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Hit { .. } => "hit",
            Self::Miss => "miss",
            Self::Kept(_) => "kept",
            Self::Closed => "closed",
            Self::Failed(..) => "failed",
        }
    }
}

/// Answers by the numbers of their requests, in the order in which they came.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) given: Vec<(i64, Answer)>,
    pub(super) held_back: Arc<AtomicUsize>,
    pub(super) is_finished: bool,
    /// Becomes true with the first answer that is sent.
    pub(super) told: Option<Arc<AtomicBool>>,
    /// After so many answers the client is gone.
    pub(super) most: Option<usize>,
}

impl ResponseSink for Answers {
    fn send(&mut self, response: &Response<'_>) -> io::Result<()> {
        if self.most == Some(self.given.len()) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        self.given.push(match response {
            Response::Announcement => panic!("it was sent before the session"),
            Response::Hit(id, hit) => (
                *id,
                Answer::Hit {
                    output: hit.output,
                    size: hit.size,
                    path: hit.disk_path.to_owned(),
                },
            ),
            Response::Miss(id) => (*id, Answer::Miss),
            Response::Kept(id, path) => (*id, Answer::Kept((*path).to_owned())),
            Response::Closed(id) => (*id, Answer::Closed),
            Response::Failed(id, code, reason) => (*id, Answer::Failed(*code, reason.clone())),
        });
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.held_back.store(0, Ordering::Relaxed);
        if let Some(told) = self.told.as_ref().filter(|_| !self.given.is_empty()) {
            told.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.is_finished = true;
        self.flush()
    }
}
