//! A client that has sent its hello: it is refused, answered, or becomes a session.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cachewarden_types::Digest;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use thiserror::Error;

use crate::control::{Control, Gone};
use crate::listener::Peer;
use crate::rights;
use crate::streams::{Guard, Input, Output, Stream};
use crate::wait::wait;
use crate::wire::{
    Accepted, DescriptorError, Ended, Frame, Hello, MAX_BODY, MAX_POLICY, PolicyOffer, Refused,
    Takeover, check_stdin, check_stdout, receive_takeover, takes_pipes,
};

/// How long an accepted client may take to hand its streams over. An honest one does it at once; a
/// client that is stopped meanwhile costs one thread for this long.
const TAKEOVER_TIME: Duration = Duration::from_secs(10);

/// How long the bytes of a policy may take. It is read from a file and sent through memory.
const POLICY_TIME: Duration = Duration::from_secs(30);

/// How long a client may take to read a report.
const REPORT_TIME: Duration = Duration::from_secs(10);

/// How the requests and answers of a session travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streams {
    /// The daemon reads and writes the go command's pipes, where the kernel lets it do so without
    /// waiting on a flag that the job shares.
    #[default]
    HandedOver,
    /// The client sends them through the socket. The daemon has no descriptor of the job's: a job
    /// that holds a pipe's lock in the kernel stops nobody but itself.
    Relayed,
}

impl Streams {
    fn takes_pipes(self) -> bool {
        self == Self::HandedOver && takes_pipes()
    }
}

/// A client that has sent its hello and waits for the answer.
#[derive(Debug)]
pub struct Connection {
    /// Who it is, as the kernel says.
    pub peer: Peer,
    /// What it says.
    pub hello: Hello,
    pub(crate) control: Control,
}

/// A client that has handed its streams over.
#[derive(Debug)]
pub struct Session {
    /// Who it is, as the kernel says.
    pub peer: Peer,
    /// What it said.
    pub hello: Hello,
    /// The bytes of its policy, if they were asked for. They have the announced size and digest.
    pub policy: Option<Vec<u8>>,
    /// Its requests.
    pub input: Input,
    /// The answers to it. Nothing was written yet.
    pub output: Output,
    /// The lines and the exit status for it. Call [`Control::end`] last.
    pub control: Control,
}

/// Why an accepted client has not become a session. Nothing of its streams was read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TakeoverError {
    /// It is gone, or has waited for too long.
    #[error("the client is gone")]
    Gone(#[from] Gone),
    /// It has not sent what it should in time.
    #[error("the client has not handed its streams over within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// The daemon shuts down.
    #[error("the daemon shuts down")]
    Shutdown,
    /// It has sent other bytes than it should.
    #[error("the client has sent {0:#04x} where it should hand its streams over")]
    NoTakeover(u8),
    /// Its descriptors are not what they should be.
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    /// Its policy is not what it announced.
    #[error("the client's policy {0}")]
    Policy(&'static str),
    /// The socket cannot be read.
    #[error("the client's socket cannot be read")]
    Read(#[from] io::Error),
}

impl Connection {
    /// Refuses the client, which never waits for it.
    pub fn refuse(self, refused: Refused) {
        // A client that is gone need not be told.
        let _ = self.control.send(&Frame::Refused(refused));
    }

    /// Sends a report to a client that wants no session, and ends the connection. It waits a
    /// bounded time for a client that does not read.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn answer(self, accepted: &Accepted, report: &[u8], ended: Ended) -> Result<(), Gone> {
        let deadline = Instant::now() + REPORT_TIME;
        self.control.send(&Frame::Accepted(accepted.clone()))?;
        for part in report.chunks(MAX_BODY) {
            self.control.flush(deadline)?;
            self.control.send(&Frame::Answers(part.to_vec()))?;
        }
        self.control.flush(deadline)?;
        self.control.end(ended)
    }

    /// Accepts a client that wants a session, and takes its streams over. It waits a bounded time
    /// for the client, so it is called in the session's thread; whoever bounds the sessions of a
    /// user counts this wait as one. `shutdown` is a descriptor that becomes readable (an eventfd,
    /// or a pipe whose other end is closed) when all sessions are to end.
    ///
    /// A client whose takeover fails is told why, and ends with status 1.
    ///
    /// # Errors
    /// When the client has not handed its streams over.
    pub fn accept(
        self,
        accepted: &Accepted,
        streams: Streams,
        shutdown: &Arc<OwnedFd>,
    ) -> Result<Session, TakeoverError> {
        let control = self.control.clone();
        let taken = self.take_over(accepted, streams, shutdown);
        if let Err(error) = &taken {
            let refused = Refused::new("takeover", error.to_string());
            // Nothing more can be done for it.
            let _ = control.send(&Frame::Refused(refused));
        }
        taken
    }

    fn take_over(
        self,
        accepted: &Accepted,
        streams: Streams,
        shutdown: &Arc<OwnedFd>,
    ) -> Result<Session, TakeoverError> {
        let Self {
            peer,
            hello,
            control,
        } = self;
        let guard = Guard {
            control: control.clone(),
            shutdown: Arc::clone(shutdown),
        };
        let accepted = Accepted {
            takes_pipes: streams.takes_pipes(),
            ..accepted.clone()
        };
        if accepted.takes_pipes {
            rights::allow(&control);
        }
        control.send(&Frame::Accepted(accepted.clone()))?;
        let offer = hello.policy.as_ref().filter(|_| accepted.send_policy);
        let policy = offer
            .map(|offer| receive_policy(&guard, offer))
            .transpose()?;
        let taken = receive_streams(&guard, streams);
        rights::refuse(&control);
        let (input, output) = taken?;
        Ok(Session {
            peer,
            hello,
            policy,
            input: Input::new(input, guard.clone()),
            output: Output::new(output, guard),
            control,
        })
    }
}

/// Waits until the client has sent something, or shown its end.
fn wait_for_bytes(guard: &Guard, time: Duration, end: Instant) -> Result<(), TakeoverError> {
    let mut all = [
        PollFd::new(&guard.shutdown, PollFlags::IN),
        PollFd::new(&guard.control, PollFlags::IN),
    ];
    if !wait(&mut all, Some(end))? {
        return Err(TakeoverError::TooSlow(time));
    }
    match all[0].revents().is_empty() {
        true => Ok(()),
        false => Err(TakeoverError::Shutdown),
    }
}

/// Memory grows with the bytes that arrive, not with those that were announced.
fn receive_policy(guard: &Guard, offer: &PolicyOffer) -> Result<Vec<u8>, TakeoverError> {
    let size = usize::try_from(offer.size).ok();
    let size = size
        .filter(|size| *size <= MAX_POLICY)
        .ok_or(TakeoverError::Policy("is larger than a policy may be"))?;
    let end = Instant::now() + POLICY_TIME;
    let mut policy = Vec::new();
    let mut buffer = vec![0; MAX_BODY];
    while policy.len() < size {
        wait_for_bytes(guard, POLICY_TIME, end)?;
        let most = buffer.len().min(size - policy.len());
        match recv(&guard.control, &mut buffer[..most], RecvFlags::DONTWAIT) {
            Ok((0, _)) | Err(Errno::CONNRESET) => return Err(Gone.into()),
            Ok((received, _)) => policy.extend_from_slice(&buffer[..received]),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    match Digest::of(&policy).to_hex() == offer.sha256 {
        true => Ok(policy),
        false => Err(TakeoverError::Policy("has another SHA-256 than announced")),
    }
}

fn receive_streams(guard: &Guard, streams: Streams) -> Result<(Stream, Stream), TakeoverError> {
    let end = Instant::now() + TAKEOVER_TIME;
    let mut byte = [0];
    let (received, descriptors) = loop {
        wait_for_bytes(guard, TAKEOVER_TIME, end)?;
        match receive_takeover(&guard.control, &mut byte) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::CONNRESET) => return Err(Gone.into()),
            result => break result.map_err(io::Error::from)?,
        }
    };
    let descriptors = descriptors?;
    if received == 0 {
        return Err(Gone.into());
    }
    let [byte] = byte;
    if byte == Takeover::Relay as u8 && descriptors.is_empty() {
        return Ok((Stream::Relay, Stream::Relay));
    }
    if byte != Takeover::Descriptors as u8 && byte != Takeover::Relay as u8 {
        return Err(TakeoverError::NoTakeover(byte));
    }
    let number = descriptors.len();
    let Ok([stdin, stdout]) = <[OwnedFd; 2]>::try_from(descriptors) else {
        return Err(DescriptorError::Number(number).into());
    };
    if streams == Streams::Relayed {
        return Err(DescriptorError::RelayOnly.into());
    }
    if !takes_pipes() {
        return Err(DescriptorError::NoPipes.into());
    }
    check_stdin(&stdin)?;
    check_stdout(&stdout)?;
    guard.control.stop_receiving().map_err(io::Error::from)?;
    Ok((Stream::Pipe(stdin), Stream::Pipe(stdout)))
}
