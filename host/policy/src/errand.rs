//! Has a part of loading a policy done by a process of its own, which has so much time and memory and no more.
//!
//! A module may be made to keep whoever compiles or loads it busy for ever, to fill the memory, or to crash it. Nothing can
//! interrupt that but the end of its process; so it has one. What it works on goes to its standard input, the result or the
//! reason why there is none comes from its standard output.

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use cachewarden_system::self_exec;

use super::limits::{COMPILER_THREADS, Limits, MAX_IMAGE_BYTES, THREAD_STACK, TOLD_OF};

/// The exit code where the policy is refused; standard output says why.
const REFUSED: i32 = 1;

/// What is said where memory was not enough: for data, for a thread's stack, for the module, for the policy's own memory.
const OUT_OF_MEMORY: [&str; 4] = [
    "memory allocation of ",
    "ThreadPoolBuildError",
    "out of memory",
    "Cannot allocate memory",
];

/// What is read of a process's last words.
const MAX_LAST_WORDS: u64 = 16 * 1024;

/// Why there is no result.
pub(super) struct Failure {
    /// For a person.
    pub(super) reason: String,
    /// Whether another try would come to the same, after as long a time.
    pub(super) is_worth_remembering: bool,
}

/// What is to be done.
pub(super) struct Errand<'limits> {
    /// The verb of this program that does it.
    pub(super) verb: &'static str,
    /// What it is, for a person.
    pub(super) doing: &'static str,
    /// Bytes of memory that it may take.
    pub(super) memory: u64,
    /// The option that gives it more.
    pub(super) memory_option: &'static str,
    pub(super) limits: &'limits Limits,
}

impl Errand<'_> {
    /// Has it done, with what it works on. `slow` is called when that has taken a while.
    pub(super) fn send(
        &self,
        input: Arc<Vec<u8>>,
        slow: impl FnOnce(),
    ) -> Result<Vec<u8>, Failure> {
        let began = Instant::now();
        let failure = |reason, is_worth_remembering| Failure {
            reason,
            is_worth_remembering,
        };
        let mut process = self
            .start()
            .map_err(|error| failure(format!("cannot start its compiler: {error}"), false))?;
        let (sender, receiver) = mpsc::channel();
        let said = converse(&mut process, input, sender)
            .map_err(|error| failure(format!("cannot speak to its compiler: {error}"), false));
        let most = self.limits.compile_time;
        let output = said.and_then(|()| {
            let output = match receiver.recv_timeout(TOLD_OF.min(most)) {
                Err(RecvTimeoutError::Timeout) if most > TOLD_OF => {
                    slow();
                    receiver.recv_timeout(most - TOLD_OF)
                }
                output => output,
            };
            output.map_err(|_| {
                let (doing, seconds) = (self.doing, most.as_secs_f64());
                failure(
                    format!("{doing} takes longer than {seconds} s (--policy-compile-time)"),
                    true,
                )
            })
        });
        if output.is_err() {
            // It may have ended this very moment.
            let _ = process.kill();
        }
        let status = process.wait();
        let (output, last_words) = output?;
        match status {
            Ok(status) if status.success() => Ok(output),
            Ok(status) if status.code() == Some(REFUSED) => Err(failure(
                String::from_utf8_lossy(&output[..output.len().min(MAX_LAST_WORDS as usize)])
                    .into_owned(),
                began.elapsed() > TOLD_OF,
            )),
            Ok(status) => Err(failure(
                self.reason_of(status, &last_words),
                // Whoever killed it may not do so again.
                status.signal() != Some(Signal::KILL.as_raw())
                    && status.signal() != Some(Signal::TERM.as_raw()),
            )),
            Err(error) => Err(failure(error.to_string(), false)),
        }
    }

    fn start(&self) -> io::Result<Child> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let limits = self.limits;
        self_exec::command()?
            .arg("--policy-memory")
            .arg(format!("{}B", limits.memory))
            .arg("--policy-deadline")
            .arg(humantime::format_duration(limits.deadline).to_string())
            .arg("--policy-compile-time")
            .arg(humantime::format_duration(limits.compile_time).to_string())
            .arg("--policy-compile-memory")
            .arg(format!("{}B", limits.compile_memory))
            .arg(self.verb)
            // It works on what a stranger may have made, and a job's variables hold secrets.
            .env_clear()
            // What it takes must not depend on how large the machine is.
            .env(
                "RAYON_NUM_THREADS",
                threads.min(COMPILER_THREADS).to_string(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the go command; taken for a crash, it would be remembered.
            .process_group(0)
            .spawn()
    }

    /// The other side: does it, on a thread with enough stack for what is nested, and writes the result or the reason why
    /// there is none. Whether there is one.
    ///
    /// # Errors
    /// When the output fails, or no thread can be started.
    pub(super) fn serve(
        &self,
        mut output: impl Write,
        work: impl FnOnce() -> Result<Vec<u8>, String> + Send + 'static,
    ) -> io::Result<bool> {
        self.bound();
        let result = thread::Builder::new()
            .name("policy-compiler".into())
            .stack_size(THREAD_STACK)
            .spawn(work)
            .map_err(|error| {
                io::Error::other(format!("memory allocation of a stack failed: {error}"))
            })?
            .join()
            .unwrap_or_else(|panic| Err(self.failure_of(&*panic)));
        match &result {
            Ok(result) => output.write_all(result)?,
            Err(reason) => output.write_all(reason.as_bytes())?,
        }
        output.flush()?;
        Ok(result.is_ok())
    }

    /// What became of a process that ended without a word on its standard output.
    fn reason_of(&self, status: ExitStatus, last_words: &[u8]) -> String {
        self.explain(&String::from_utf8_lossy(last_words))
            .unwrap_or_else(|| format!("the compiler failed on it ({status})"))
    }

    /// What a process that panics has met.
    fn failure_of(&self, panic: &(dyn Any + Send)) -> String {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        match text.or_else(|| panic.downcast_ref::<&str>().copied()) {
            Some(text) => self
                .explain(text)
                .unwrap_or_else(|| format!("the compiler failed on it: {text}")),
            None => "the compiler failed on it".into(),
        }
    }

    /// Whether these words mean that the memory was not enough.
    pub(super) fn explain(&self, words: &str) -> Option<String> {
        let is_out_of_memory = OUT_OF_MEMORY.iter().any(|out| words.contains(out));
        is_out_of_memory.then(|| {
            format!(
                "{} takes more than {} MiB of memory ({})",
                self.doing,
                self.memory >> 20,
                self.memory_option
            )
        })
    }

    /// What this process may take. A bound that the system does not set leaves those that the parent holds.
    fn bound(&self) {
        // Whoever waits is gone: nobody wants the result.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        let seconds = self.limits.compile_time.as_secs().saturating_add(1);
        for (resource, most) in [
            (Resource::Data, self.memory),
            // Behind the parent's deadline, for where it has died and the system did not say so.
            (
                Resource::Cpu,
                seconds.saturating_mul(COMPILER_THREADS as u64),
            ),
            // A crash leaves no file of its memory behind.
            (Resource::Core, 0),
        ] {
            let most = match getrlimit(resource).maximum {
                Some(maximum) => maximum.min(most),
                None => most,
            };
            let _ = setrlimit(
                resource,
                Rlimit {
                    current: Some(most),
                    maximum: Some(most),
                },
            );
        }
    }
}

/// Sends the input and receives what comes back, on threads of their own.
fn converse(
    process: &mut Child,
    input: Arc<Vec<u8>>,
    sender: mpsc::Sender<(Vec<u8>, Vec<u8>)>,
) -> io::Result<()> {
    let (mut stdin, stdout, stderr) = (
        process.stdin.take(),
        process.stdout.take(),
        process.stderr.take(),
    );
    let last_words = thread::Builder::new().spawn(move || read(stderr, MAX_LAST_WORDS))?;
    thread::Builder::new().spawn(move || {
        // A process that is gone already says why below.
        let _ = stdin
            .as_mut()
            .map(|stdin| stdin.write_all(&input))
            .transpose();
        drop((stdin, input));
        let output = read(stdout, MAX_IMAGE_BYTES + 1);
        // Nobody listens any more when the time was up.
        let _ = sender.send((output, last_words.join().unwrap_or_default()));
    })?;
    Ok(())
}

fn read(stream: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What came is all there is.
        let _ = stream.take(most).read_to_end(&mut bytes);
    }
    bytes
}
