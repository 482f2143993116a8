//! Runs a step of loading a policy in a child process with bounded time and memory.
//!
//! A module can be made to keep the compiler busy for ever, to fill the memory, or to crash it.
//! Only ending a process stops that, so the step has a process of its own. The input goes to its
//! standard input; the result, or the reason of the failure, comes from its standard output.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::any::Any;
use std::io::{self, Read, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use cachewarden_system::self_exec;

use super::Defect;
use super::limits::{COMPILER_THREADS, Limits, MAX_IMAGE_BYTES, SLOW_COMPILE_NOTICE, THREAD_STACK};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The exit code where the policy is rejected; standard output has the reason.
const REFUSED: i32 = 1;

/// The error text when the compiler's threads cannot be started: there is no memory for their
/// stacks, or no thread.
const POOL_FAILED: &str = "ThreadPoolBuildError";

/// The error texts when memory is not enough: for data, for a thread's stack, for the module, for
/// the policy's own memory. The system has others for some of these.
const OUT_OF_MEMORY: [&str; 3] = ["memory allocation of ", POOL_FAILED, "out of memory"];

/// What the child says on standard error where the system gives it no thread. The parent looks for
/// it.
const NO_THREAD: &str = "the system gives it no thread";

/// Bytes of the stack of a thread that compiles a part of a module: rayon's, which are the standard
/// library's.
const HELPER_STACK: usize = 2 * 1024 * 1024;

/// The most bytes of the child's standard error that are read.
const MAX_STDERR_TAIL: u64 = 16 * 1024;

/// Why a task has no result.
pub(super) enum TaskError {
    /// The system has no process, thread or pipe to give: that says nothing about the policy.
    NoProcess(io::Error),
    /// It failed.
    Failed {
        /// The reason, for a person.
        reason: String,
        /// Whether another try would fail in the same way, after as long a time.
        is_repeatable: bool,
    },
}

/// What the system keeps a child process to.
struct Bounds {
    /// Bytes of memory.
    memory: u64,
    /// Processor time of all its threads. It is longer than the parent's deadline: for the case that
    /// the parent has died unnoticed.
    cpu_seconds: u64,
}

/// A task for a child process.
pub(super) struct ChildTask<'limits> {
    /// The verb of this program that runs it.
    pub(super) verb: &'static str,
    /// What the task does, for error messages.
    pub(super) doing: &'static str,
    /// The most bytes of memory that it may take.
    pub(super) memory: u64,
    /// The option that gives it more.
    pub(super) memory_option: &'static str,
    pub(super) limits: &'limits Limits,
}

impl ChildTask<'_> {
    /// Runs the task on `input`. `slow` is called when that has taken a while.
    pub(super) fn send(
        &self,
        input: Arc<Vec<u8>>,
        slow: impl FnOnce(),
    ) -> Result<Vec<u8>, TaskError> {
        let began = Instant::now();
        let failure = |reason, is_repeatable| TaskError::Failed {
            reason,
            is_repeatable,
        };
        // What is held bounds the child.
        let (mut process, _held) = self.start().map_err(TaskError::NoProcess)?;
        let (sender, receiver) = mpsc::channel();
        let said = pipe_io(&mut process, input, sender).map_err(TaskError::NoProcess);
        let most = self.limits.compile_time;
        let output = said.and_then(|()| {
            let output = match receiver.recv_timeout(SLOW_COMPILE_NOTICE.min(most)) {
                Err(RecvTimeoutError::Timeout) if most > SLOW_COMPILE_NOTICE => {
                    slow();
                    receiver.recv_timeout(most - SLOW_COMPILE_NOTICE)
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
            // The process may have just ended.
            let _ = process.kill();
        }
        let status = process.wait();
        let (output, stderr_tail) = output?;
        match status {
            Ok(status) if status.success() => Ok(output),
            Ok(status) if system::has_refused(status, &output) => Err(failure(
                String::from_utf8_lossy(&output[..output.len().min(MAX_STDERR_TAIL as usize)])
                    .into_owned(),
                began.elapsed() > SLOW_COMPILE_NOTICE,
            )),
            Ok(_) if lacks_a_thread(&stderr_tail) => {
                Err(TaskError::NoProcess(io::Error::other(NO_THREAD)))
            }
            Ok(status) => Err(failure(
                self.crash_reason(status, &stderr_tail),
                // That may not happen again.
                !system::was_ended_by_another(status),
            )),
            Err(error) => Err(failure(error.to_string(), false)),
        }
    }

    fn bounds(&self) -> Bounds {
        let seconds = self.limits.compile_time.as_secs().saturating_add(1);
        Bounds {
            memory: self.memory,
            cpu_seconds: seconds.saturating_mul(COMPILER_THREADS as u64),
        }
    }

    /// Starts the child, with what bounds it.
    fn start(&self) -> io::Result<(Child, system::Held)> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let limits = self.limits;
        let mut command = self_exec::command()?;
        command
            .arg("--policy-memory")
            .arg(format!("{}B", limits.memory))
            .arg("--policy-deadline")
            .arg(humantime::format_duration(limits.deadline).to_string())
            .arg("--policy-compile-time")
            .arg(humantime::format_duration(limits.compile_time).to_string())
            .arg("--policy-compile-memory")
            .arg(format!("{}B", limits.compile_memory))
            .arg(self.verb)
            // A stranger may have made the module, and the variables of a job hold secrets.
            .env_clear()
            // Its memory must not depend on the number of processors.
            .env(
                "RAYON_NUM_THREADS",
                threads.min(COMPILER_THREADS).to_string(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        system::start(&mut command, &self.bounds())
    }

    /// The child's side: runs `work` on a thread with enough stack for nested modules, and writes
    /// the result or the reason of the failure. Returns whether it succeeded.
    ///
    /// # Errors
    /// When the output fails, or no thread can be started.
    pub(super) fn serve(
        &self,
        mut output: impl Write,
        work: impl FnOnce() -> Result<Vec<u8>, Defect> + Send + 'static,
    ) -> io::Result<bool> {
        system::apply(&self.bounds());
        let thread = thread::Builder::new()
            .name("policy-compiler".into())
            .stack_size(THREAD_STACK)
            .spawn(work)
            .map_err(|error| match has_room(THREAD_STACK) {
                true => io::Error::other(format!("{NO_THREAD}: {error}")),
                false => io::Error::other(format!("memory allocation of a stack failed: {error}")),
            })?;
        let result = match thread.join() {
            Ok(result) => result.map_err(|defect| defect.to_string()),
            Err(panic) => {
                let text = panic_text(&*panic);
                if text.contains(POOL_FAILED) && has_room(COMPILER_THREADS * HELPER_STACK) {
                    return Err(io::Error::other(NO_THREAD));
                }
                Err(self
                    .explain(text)
                    .unwrap_or_else(|| format!("the compiler failed on it: {text}")))
            }
        };
        match &result {
            Ok(result) => output.write_all(result)?,
            Err(reason) => output.write_all(reason.as_bytes())?,
        }
        output.flush()?;
        Ok(result.is_ok())
    }

    /// The reason of a process that has ended without a result.
    fn crash_reason(&self, status: ExitStatus, stderr_tail: &[u8]) -> String {
        self.explain(&String::from_utf8_lossy(stderr_tail))
            .unwrap_or_else(|| format!("the compiler failed on it ({status})"))
    }

    /// The reason, if this text means that the memory was not enough.
    pub(super) fn explain(&self, words: &str) -> Option<String> {
        let mut texts = OUT_OF_MEMORY.iter().chain(&system::OUT_OF_MEMORY);
        let is_out_of_memory = texts.any(|out| words.contains(out));
        is_out_of_memory.then(|| {
            format!(
                "{} takes more than {} MiB of memory ({})",
                self.doing,
                self.memory >> 20,
                self.memory_option
            )
        })
    }
}

/// Whether this process can have so many more bytes of memory. A thread that cannot be started has
/// the same error for lack of memory as for lack of threads.
fn has_room(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

/// Whether a process has ended for lack of a thread.
fn lacks_a_thread(stderr_tail: &[u8]) -> bool {
    String::from_utf8_lossy(stderr_tail).contains(NO_THREAD)
}

/// The text of a panic.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it gave no reason")
}

/// Writes the input and reads the output, on threads of their own.
fn pipe_io(
    process: &mut Child,
    input: Arc<Vec<u8>>,
    sender: mpsc::Sender<(Vec<u8>, Vec<u8>)>,
) -> io::Result<()> {
    let (mut stdin, stdout, stderr) = (
        process.stdin.take(),
        process.stdout.take(),
        process.stderr.take(),
    );
    let stderr_tail = thread::Builder::new().spawn(move || read(stderr, MAX_STDERR_TAIL))?;
    thread::Builder::new().spawn(move || {
        // If the process has ended, its status is reported by the caller.
        let _ = stdin
            .as_mut()
            .map(|stdin| stdin.write_all(&input))
            .transpose();
        drop((stdin, input));
        let output = read(stdout, MAX_IMAGE_BYTES + 1);
        // After a timeout, the receiver is gone.
        let _ = sender.send((output, stderr_tail.join().unwrap_or_default()));
    })?;
    Ok(())
}

fn read(stream: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // After an error, the bytes so far are the result.
        let _ = stream.take(most).read_to_end(&mut bytes);
    }
    bytes
}
