//! A client of the protocol: starts the program as cmd/go does, sends requests, and collects the
//! answers by ID.
//!
//! Whatever the program writes to stdout must be valid protocol to the last byte: the announcement
//! first, then one answer to each ID that was sent. [`Helper::close`] and [`Helper::end_of_input`]
//! see to that.

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};

use rustix::process::{Signal, kill_process_group};

use super::answer::Answer;
use super::digest::{Digest, base64, sha256};
use super::heard::{Heard, Said};
use super::process::{Watchdog, process_id};
use super::usage::{Used, end_of};

/// A running helper and what it has said so far.
pub(crate) struct Helper {
    /// Until it was waited for.
    child: Option<Child>,
    id: u32,
    input: Option<ChildStdin>,
    /// Until somebody wants to read.
    output: Option<ChildStdout>,
    heard: Arc<Heard>,
    readers: Vec<JoinHandle<()>>,
    watchdog: Watchdog,
    asked: BTreeSet<u64>,
    last_id: u64,
}

/// How a helper ended.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
    /// Requests that got no answer.
    pub(crate) unanswered: Vec<u64>,
    /// What it has used from its start to its end.
    pub(crate) used: Used,
}

/// A get as cmd/go writes it.
pub(crate) fn get_message(id: u64, action: &[u8]) -> String {
    format!(
        "{{\"ID\":{id},\"Command\":\"get\",\"ActionID\":\"{}\"}}\n\n",
        base64(action)
    )
}

/// A put as cmd/go writes it, with its body.
pub(crate) fn put_message(id: u64, action: &[u8], output: &[u8], body: &[u8]) -> String {
    let (action, output, size) = (base64(action), base64(output), body.len());
    let head = format!(
        "{{\"ID\":{id},\"Command\":\"put\",\"ActionID\":\"{action}\",\"OutputID\":\"{output}\",\"BodySize\":{size}}}\n\n"
    );
    if body.is_empty() {
        head
    } else {
        format!("{head}\"{}\"\n", base64(body))
    }
}

impl Helper {
    /// Starts the program and reads everything that it says.
    #[track_caller]
    pub(crate) fn start(command: Command) -> Self {
        let mut helper = Self::start_unread(command);
        helper.read();
        helper
    }

    /// Starts the program and leaves its stdout alone until [`Helper::read`].
    #[track_caller]
    pub(crate) fn start_unread(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let heard = Arc::new(Heard::default());
        let mut stderr = child.stderr.take().expect("a piped stderr");
        let listener = Arc::clone(&heard);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                listener.note(|said| said.stderr += &String::from_utf8_lossy(&buffer[..count]));
            }
            listener.note(|said| said.stderr_ended = true);
        });
        Self {
            input: child.stdin.take(),
            output: child.stdout.take(),
            watchdog: Watchdog::over(child.id()),
            id: child.id(),
            child: Some(child),
            heard,
            readers: vec![reader],
            asked: BTreeSet::new(),
            last_id: 0,
        }
    }

    /// Begins to read the answers.
    pub(crate) fn read(&mut self) {
        let output = self.output.take().expect("it is not being read yet");
        let listener = Arc::clone(&self.heard);
        self.readers.push(thread::spawn(move || {
            for message in serde_json::Deserializer::from_reader(BufReader::new(output)).into_iter()
            {
                listener.note(|said| said.hear(message));
            }
            listener.note(|said| said.stdout_ended = true);
        }));
    }

    /// The number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.id
    }

    /// Waits for the first message.
    #[track_caller]
    pub(crate) fn announced(&self) {
        drop(self.until(
            "the first message",
            |said| said.announced || said.stdout_ended,
            |said| said.announced,
        ));
    }

    /// A number that no request had yet.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.asked.insert(self.last_id);
        self.last_id
    }

    /// Writes bytes to its stdin; that they may not arrive shows in the answers.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.input().write_all(bytes.as_ref());
    }

    /// Its stdin, for bodies that are made while they are sent.
    pub(crate) fn input(&mut self) -> &mut ChildStdin {
        self.input.as_mut().expect("stdin is open")
    }

    /// Asks and does not wait.
    pub(crate) fn send_get(&mut self, action: &Digest) -> u64 {
        let id = self.next_id();
        self.write(get_message(id, action));
        id
    }

    /// Offers `body` under `action` and does not wait.
    pub(crate) fn send_put(&mut self, action: &Digest, body: &[u8]) -> u64 {
        let id = self.next_id();
        self.write(put_message(id, action, &sha256(body), body));
        id
    }

    /// Asks for an action.
    #[track_caller]
    pub(crate) fn get(&mut self, action: &Digest) -> Answer {
        let id = self.send_get(action);
        self.answer(id)
    }

    /// Offers `body` under `action`.
    #[track_caller]
    pub(crate) fn put(&mut self, action: &Digest, body: &[u8]) -> Answer {
        let id = self.send_put(action, body);
        self.answer(id)
    }

    /// Waits for the answer to a request.
    #[track_caller]
    pub(crate) fn answer(&self, id: u64) -> Answer {
        let arrived = |said: &Said| said.answers.contains_key(&id);
        let mut said = self.until(
            &format!("the answer to request {id}"),
            |said| arrived(said) || said.stdout_ended || said.fault.is_some(),
            arrived,
        );
        said.answers.remove(&id).expect("it has arrived")
    }

    /// Whether the answer to a request has come by now.
    pub(crate) fn has_answered(&self, id: u64) -> bool {
        self.heard.said().answered.contains(&id)
    }

    /// Waits until it has said this on stderr.
    #[track_caller]
    pub(crate) fn has_said(&self, words: &str) {
        let told = |said: &Said| said.stderr.contains(words);
        drop(self.until(words, |said| told(said) || said.stderr_ended, told));
    }

    /// Whether its process has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Ends the session as `go build` does; what it had to say on stderr.
    #[track_caller]
    pub(crate) fn close(self) -> String {
        self.closed().stderr
    }

    /// The same, and what it has used.
    #[track_caller]
    pub(crate) fn closed(mut self) -> Ending {
        let id = self.next_id();
        self.write(format!("{{\"ID\":{id},\"Command\":\"close\"}}\n\n"));
        self.answer(id).nothing();
        self.clean_ending()
    }

    /// Ends the session as `go list` does; what it had to say on stderr.
    #[track_caller]
    pub(crate) fn end_of_input(self) -> String {
        self.clean_ending().stderr
    }

    #[track_caller]
    fn clean_ending(self) -> Ending {
        let ending = self.ending();
        assert!(ending.status.success(), "it should end cleanly: {ending:?}");
        assert!(
            ending.unanswered.is_empty(),
            "every request is answered before the end: {ending:?}"
        );
        ending
    }

    /// Closes its stdin and waits for its end, whatever that is; stdout must still be valid
    /// protocol.
    #[track_caller]
    pub(crate) fn ending(mut self) -> Ending {
        self.input = None;
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader does not panic");
        }
        let (status, used) = end_of(self.child.take().expect("it was not waited for"));
        let said = self.heard.said();
        assert!(
            !self.watchdog.fired(),
            "it did not end and was killed: {status}, {said:?}"
        );
        assert_eq!(
            said.fault, None,
            "stdout must be valid protocol: {status}, {said:?}"
        );
        assert!(
            said.announced,
            "the first message is missing: {status}, {said:?}"
        );
        let unknown: Vec<_> = said.answered.difference(&self.asked).collect();
        assert!(
            unknown.is_empty(),
            "answers to requests that nobody sent, {unknown:?}: {said:?}"
        );
        Ending {
            status,
            stderr: said.stderr.clone(),
            unanswered: self.asked.difference(&said.answered).copied().collect(),
            used,
        }
    }

    /// Sends a signal to it and to what it started, as a terminal does.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process_group(process_id(self.id), signal).expect("it can be signalled");
    }

    #[track_caller]
    fn until(
        &self,
        what: &str,
        over: impl Fn(&Said) -> bool,
        good: impl Fn(&Said) -> bool,
    ) -> MutexGuard<'_, Said> {
        let said = self.heard.wait_until(over);
        if good(&said) {
            return said;
        }
        drop(said);
        // Whatever ended its stdout may still be explaining itself.
        let said = self
            .heard
            .wait_until(|said| said.stderr_ended || !said.stdout_ended);
        let said = format!("{said:?}");
        panic!("{what} did not come; it said {said}");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // A test that fails half-way leaves no process behind; one that ended has none left to
        // kill.
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
