//! A session's requests, counted: how much it uploads, how fast, whether it may write more, and how
//! often it asks.
//!
//! Who asks more often than the tenant may is slowed: the session waits before it reads the next
//! request. A get is never answered with a miss for it, since a build would then make again what it
//! could have had, at the cost of the machine that the quota protects.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use cachewarden_connect::Control;
use cachewarden_protocol::{BodyError, Command, ProtocolError, Request, RequestSource};
use cachewarden_system::wakeup::{Wakeup, Woken};

use super::Upload;
use crate::usage::SessionUsage;

/// What a client is told whose tenant has written more than it may without keeping it.
const TOO_MUCH: &str = "the tenant has written as many bytes as it may without keeping them (quota.unkept-bytes); puts are errors until the older of these bytes no longer count, which takes at most four hours";

/// Requests of another source.
pub(crate) struct MeteredSource<S> {
    source: S,
    usage: Arc<SessionUsage>,
    upload: Arc<Upload>,
    ends: Ends,
    /// To be waited before the next request is read.
    wait: Duration,
    slowed: u64,
}

/// What ends a session while it waits.
pub(crate) struct Ends {
    /// The end of the client.
    pub(crate) client: Control,
    /// Becomes readable when the session is ended from here.
    pub(crate) stop: Arc<OwnedFd>,
}

impl Ends {
    /// Waits for so long, or until one comes.
    fn wait(&self, time: Duration) {
        let mut descriptors = [
            // Its end is reported unasked.
            PollFd::new(&self.client, PollFlags::empty()),
            PollFd::from_borrowed_fd(self.stop.as_fd(), PollFlags::IN),
        ];
        let time = Timespec::try_from(time).ok();
        // What cannot be waited for is not waited for.
        let _ = poll(&mut descriptors, time.as_ref());
    }
}

impl<S: RequestSource> MeteredSource<S> {
    /// Counts what comes from `source`.
    pub(crate) fn new(
        source: S,
        usage: Arc<SessionUsage>,
        upload: Arc<Upload>,
        ends: Ends,
    ) -> Self {
        Self {
            source,
            usage,
            upload,
            ends,
            wait: Duration::ZERO,
            slowed: 0,
        }
    }

    /// Gets after which the session was to wait.
    pub(crate) fn slowed(&self) -> u64 {
        self.slowed
    }
}

impl<S: RequestSource> RequestSource for MeteredSource<S> {
    fn is_ready(&self) -> bool {
        // Answers go out before a wait.
        self.wait.is_zero() && self.source.is_ready()
    }

    fn is_body_ready(&self) -> bool {
        self.source.is_body_ready()
    }

    fn wait(&self, wakeup: &Wakeup, timeout: Option<Duration>) -> Option<Woken> {
        self.source.wait(wakeup, timeout)
    }

    fn read_ahead(&mut self) -> io::Result<bool> {
        self.source.read_ahead()
    }

    fn next_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        self.upload.end();
        let wait = std::mem::take(&mut self.wait);
        if !wait.is_zero() {
            self.ends.wait(wait);
        }
        let Some(request) = self.source.next_request()? else {
            return Ok(None);
        };
        match request.command {
            Command::Get { .. } => {
                self.wait = self.usage.get();
                self.slowed += u64::from(!self.wait.is_zero());
                Ok(Some(request))
            }
            Command::Put { .. } => {
                self.upload.begin();
                if self.usage.may_write() {
                    self.usage.receive_object();
                    return Ok(Some(request));
                }
                Ok(Some(Request {
                    command: Command::Unusable(TOO_MUCH.to_owned()),
                    ..request
                }))
            }
            Command::Close | Command::Unusable(_) => Ok(Some(request)),
        }
    }

    fn next_part(&mut self) -> Result<Option<&[u8]>, BodyError> {
        let part = self.source.next_part();
        match &part {
            Ok(Some(bytes)) => {
                let bytes = bytes.len() as u64;
                self.upload.add(bytes);
                self.usage.received(bytes);
            }
            Ok(None) | Err(_) => self.upload.end(),
        }
        part
    }
}
