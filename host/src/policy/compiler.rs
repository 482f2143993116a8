//! Compiles policies in a process of its own, which has so much time and memory and no more.
//!
//! A module may be made to keep a compiler busy for ever, to fill the memory, or to crash it. Nothing can interrupt a
//! compiler but the end of its process; so it has one. The module goes to its standard input, the compiled form or the
//! reason why there is none comes from its standard output.

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::own_process;

use super::limits::{
    COMPILER_THREADS, Limits, MAX_IMAGE_BYTES, MAX_MODULE_BYTES, THREAD_STACK, TOLD_OF,
};
use super::{component, engine};

/// The verb of this program that [`run`] serves.
pub const COMPILER_VERB: &str = "compile-for-parent";

/// The compiler's exit code where the module is no policy; its standard output says why.
const REFUSED: i32 = 1;

/// What a compiler says before it gives up for want of memory: for its data, for a thread's stack, for the module.
const OUT_OF_MEMORY: [&str; 3] = [
    "memory allocation of ",
    "ThreadPoolBuildError",
    "out of memory",
];

/// What is read of a compiler's last words.
const MAX_LAST_WORDS: u64 = 16 * 1024;

/// Why there is no compiled form.
pub(super) struct Failure {
    /// For a person.
    pub(super) reason: String,
    /// Whether another try would come to the same, after as long a time.
    pub(super) is_worth_remembering: bool,
}

/// Compiles a module as the operator gave it. `slow` is called when that has taken a while.
pub(super) fn compile(
    module: Vec<u8>,
    limits: &Limits,
    slow: impl FnOnce(),
) -> Result<Vec<u8>, Failure> {
    let began = Instant::now();
    let failure = |reason, is_worth_remembering| Failure {
        reason,
        is_worth_remembering,
    };
    let mut compiler = start(limits)
        .map_err(|error| failure(format!("cannot start its compiler: {error}"), false))?;
    let (sender, receiver) = mpsc::channel();
    let said = converse(&mut compiler, module, sender)
        .map_err(|error| failure(format!("cannot speak to its compiler: {error}"), false));
    let output = said.and_then(|()| {
        let output = match receiver.recv_timeout(TOLD_OF.min(limits.compile_time)) {
            Err(RecvTimeoutError::Timeout) if limits.compile_time > TOLD_OF => {
                slow();
                receiver.recv_timeout(limits.compile_time - TOLD_OF)
            }
            output => output,
        };
        output.map_err(|_| {
            let seconds = limits.compile_time.as_secs_f64();
            failure(
                format!("compiling it takes longer than {seconds} s (--policy-compile-time)"),
                true,
            )
        })
    });
    if output.is_err() {
        // It may have ended this very moment.
        let _ = compiler.kill();
    }
    let status = compiler.wait();
    let (image, last_words) = output?;
    if image.len() as u64 > MAX_IMAGE_BYTES {
        let reason = format!(
            "its compiled form has more than {} MiB",
            MAX_IMAGE_BYTES >> 20
        );
        return Err(failure(reason, true));
    }
    match status {
        Ok(status) if status.success() => Ok(image),
        Ok(status) if status.code() == Some(REFUSED) => Err(failure(
            String::from_utf8_lossy(&image[..image.len().min(MAX_LAST_WORDS as usize)])
                .into_owned(),
            began.elapsed() > TOLD_OF,
        )),
        Ok(status) => Err(failure(
            reason_of(status, &last_words, limits),
            // Whoever killed it may not do so again.
            status.signal() != Some(Signal::KILL.as_raw())
                && status.signal() != Some(Signal::TERM.as_raw()),
        )),
        Err(error) => Err(failure(error.to_string(), false)),
    }
}

/// What became of a compiler that ended without a word on its standard output.
fn reason_of(status: ExitStatus, last_words: &[u8], limits: &Limits) -> String {
    explain(&String::from_utf8_lossy(last_words), limits)
        .unwrap_or_else(|| format!("the compiler failed on it ({status})"))
}

/// What a compiler that panics has met.
fn failure_of(panic: &(dyn Any + Send), limits: &Limits) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    match text.or_else(|| panic.downcast_ref::<&str>().copied()) {
        Some(text) => {
            explain(text, limits).unwrap_or_else(|| format!("the compiler failed on it: {text}"))
        }
        None => "the compiler failed on it".into(),
    }
}

/// Whether these words mean that the memory was not enough.
fn explain(words: &str, limits: &Limits) -> Option<String> {
    let is_out_of_memory = OUT_OF_MEMORY.iter().any(|out| words.contains(out));
    is_out_of_memory.then(|| {
        format!(
            "compiling it takes more than {} MiB of memory (--policy-compile-memory)",
            limits.compile_memory >> 20
        )
    })
}

fn start(limits: &Limits) -> io::Result<Child> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    own_process::command()?
        .arg("--policy-compile-time")
        .arg(humantime::format_duration(limits.compile_time).to_string())
        .arg("--policy-compile-memory")
        .arg(format!("{}B", limits.compile_memory))
        .arg(COMPILER_VERB)
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

/// Sends the module and receives what comes back, on threads of their own.
fn converse(
    compiler: &mut Child,
    module: Vec<u8>,
    sender: mpsc::Sender<(Vec<u8>, Vec<u8>)>,
) -> io::Result<()> {
    let (mut stdin, stdout, stderr) = (
        compiler.stdin.take(),
        compiler.stdout.take(),
        compiler.stderr.take(),
    );
    let last_words = thread::Builder::new().spawn(move || read(stderr, MAX_LAST_WORDS))?;
    thread::Builder::new().spawn(move || {
        // A compiler that is gone already says why below.
        let _ = stdin
            .as_mut()
            .map(|stdin| stdin.write_all(&module))
            .transpose();
        drop((stdin, module));
        let image = read(stdout, MAX_IMAGE_BYTES + 1);
        // Nobody listens any more when the time was up.
        let _ = sender.send((image, last_words.join().unwrap_or_default()));
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

/// The other side: compiles what comes from `input`, and writes the compiled form or the reason why there is none.
/// Whether there is one.
///
/// # Errors
/// When a stream fails, or no thread can be started.
pub fn run(mut input: impl Read, mut output: impl Write, limits: &Limits) -> io::Result<bool> {
    bound(limits);
    let mut module = Vec::new();
    input
        .by_ref()
        .take(MAX_MODULE_BYTES)
        .read_to_end(&mut module)?;
    let compiled = thread::Builder::new()
        .name("policy-compiler".into())
        // Texts and component types may be nested.
        .stack_size(THREAD_STACK)
        .spawn(move || {
            let component = component::componentise(module)?;
            engine::engine()
                .and_then(|engine| engine.precompile_component(&component))
                .map_err(|error| format!("{error:#}"))
        })
        .map_err(|error| io::Error::other(format!("memory allocation of a stack failed: {error}")))?
        .join()
        .unwrap_or_else(|panic| Err(failure_of(&*panic, limits)));
    match &compiled {
        Ok(image) => output.write_all(image)?,
        Err(reason) => output.write_all(reason.as_bytes())?,
    }
    output.flush()?;
    Ok(compiled.is_ok())
}

/// What this process may take. A bound that the system does not set leaves those that the parent holds.
fn bound(limits: &Limits) {
    // Whoever waits is gone: nobody wants the result.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let seconds = limits.compile_time.as_secs().saturating_add(1);
    for (resource, most) in [
        (Resource::Data, limits.compile_memory),
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
