//! A session with a daemon in this process: what `cachewarden-connect` and go do together, without
//! starting a program for each.

use std::io::{self, BufRead, BufReader, IoSlice, PipeReader, PipeWriter, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::cmsg_space;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// What a client says first: the version of the messages, and that it wants a session.
const HELLO: &str = r#"{"version":1,"want":"session"}"#;

/// The type of the frame that accepts a client, and the bytes before a frame's body.
const ACCEPTED: u8 = 1;
const HEADER: usize = 5;

/// The byte to which stdin and stdout are attached.
const DESCRIPTORS: u8 = 1;

/// The bytes of answers that are read at a time.
const BUFFER: usize = 4096;

/// A client that was accepted. Its requests can be written already.
pub(super) struct Accepted {
    control: UnixStream,
    stdin: PipeReader,
    stdout: PipeWriter,
    requests: PipeWriter,
    answers: PipeReader,
}

/// A session.
pub(super) struct Session {
    /// Its end ends the session.
    _control: UnixStream,
    requests: PipeWriter,
    answers: BufReader<PipeReader>,
    line: String,
}

impl Accepted {
    /// Connects, and is accepted.
    pub(super) fn connect(socket: &Path) -> Result<Accepted> {
        let (stdin, requests) = io::pipe()?;
        let (answers, stdout) = io::pipe()?;
        let problem = || format!("cannot connect to {}", socket.display());
        let mut control = UnixStream::connect(socket).with_context(problem)?;
        let length = u32::try_from(HELLO.len())?.to_le_bytes();
        control.write_all(&[&length, HELLO.as_bytes()].concat())?;
        let mut header = [0; HEADER];
        control.read_exact(&mut header)?;
        let [kind, size @ ..] = header;
        let mut body = vec![0; u32::from_le_bytes(size) as usize];
        control.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body);
        ensure!(kind == ACCEPTED, "the daemon does not accept: {body}");
        Ok(Accepted {
            control,
            stdin,
            stdout,
            requests,
            answers,
        })
    }

    /// Writes a request that the session finds when it begins.
    pub(super) fn write(&mut self, request: &str) -> Result<()> {
        Ok(self.requests.write_all(request.as_bytes())?)
    }

    /// Hands the streams over, and does not wait.
    pub(super) fn hand_over(self) -> Result<Session> {
        let streams = [self.stdin.as_fd(), self.stdout.as_fd()];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
        let mut attached = SendAncillaryBuffer::new(&mut space);
        attached.push(SendAncillaryMessage::ScmRights(&streams));
        let byte = [IoSlice::new(&[DESCRIPTORS])];
        sendmsg(&self.control, &byte, &mut attached, SendFlags::empty())?;
        Ok(Session {
            _control: self.control,
            requests: self.requests,
            answers: BufReader::with_capacity(BUFFER, self.answers),
            line: String::new(),
        })
    }
}

impl Session {
    /// A session whose first message has come.
    pub(super) fn ready(socket: &Path) -> Result<Session> {
        let mut session = Accepted::connect(socket)?.hand_over()?;
        session.read_line()?;
        Ok(session)
    }

    /// Waits for one line.
    pub(super) fn read_line(&mut self) -> Result<&str> {
        self.line.clear();
        let count = self.answers.read_line(&mut self.line)?;
        ensure!(count > 0, "the session ended without an answer");
        Ok(&self.line)
    }

    /// Sends one request and waits for its answer.
    pub(super) fn ask(&mut self, request: &str) -> Result<&str> {
        self.requests.write_all(request.as_bytes())?;
        self.read_line()
    }

    /// Ends the stream, and waits for the session's end.
    pub(super) fn finish(self) -> Result<()> {
        drop(self.requests);
        let mut rest = Vec::new();
        let mut answers = self.answers;
        answers.read_to_end(&mut rest)?;
        ensure!(rest.is_empty(), "an answer that was not asked for");
        Ok(())
    }
}
