//! System calls, counted by tracing the program.

use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::*;

/// A warm get: pread of what is remembered of the entry. Reading requests and writing answers is
/// shared by those that come together; and each of the 256 buckets is looked at once.
const WARM_GET: f64 = 1.2;

/// The first get after something was put beside its entry: a look at what is remembered, openat,
/// fstat and pread of the entry, newfstatat of the object, close.
const GET: f64 = 6.2 + CLOSE_CHECK;

/// A put of a small new object: a look for it; the object created, written, named, looked for along
/// go's path and closed; the entry created, written, named and closed.
const PUT: f64 = 11.3 + 2.0 * CLOSE_CHECK;

/// With debug assertions, the standard library looks whether a file is open before it closes it.
const CLOSE_CHECK: f64 = if cfg!(debug_assertions) { 1.0 } else { 0.0 };

#[test]
fn system_calls_of_a_warm_get() {
    let sandbox = warm();
    let each = of_one(RUNS.map(|count| counted(sandbox.cachewarden(&[]), &gets(count))));
    assert!(
        each <= WARM_GET,
        "{each} system calls a get, not {WARM_GET}"
    );
}

#[test]
fn system_calls_of_a_get_in_a_store_that_changes() {
    let sandbox = filled();
    let each = of_one(RUNS.map(|count| counted(sandbox.cachewarden(&[]), &gets(count))));
    assert!(each <= GET, "{each} system calls a get, not {GET}");
}

#[test]
fn a_policys_verdict_needs_no_system_call() {
    let sandbox = warm();
    let policy = policy("agrees");
    let command = || sandbox.cachewarden(&["--policy", &policy]);
    // Compiled first, or the compiler would be counted.
    counted(command(), &gets(1));
    let each = of_one(RUNS.map(|count| counted(command(), &gets(count))));
    // Every 100 ms a clock ticks, and while it is traced the program is slow.
    let clock = 0.5;
    assert!(
        each <= WARM_GET + clock,
        "{each} system calls a get, not {WARM_GET}"
    );
}

#[test]
fn system_calls_of_a_put() {
    let sandboxes = [filled(), filled()];
    let mut runs = RUNS.iter();
    let counts = sandboxes
        .map(|sandbox| counted(sandbox.cachewarden(&[]), &puts(*runs.next().expect("two"))));
    let each = of_one(counts);
    assert!(each <= PUT, "{each} system calls a put, not {PUT}");
}

/// Runs a command with this on its standard input, and counts the system calls of all its threads.
fn counted(mut command: Command, input: &[u8]) -> usize {
    let mut file = tempfile::tempfile().expect("a file for the requests");
    file.write_all(input)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .expect("the requests");
    command.stdin(file).stdout(Stdio::piped());
    // SAFETY: the closure makes one system call, which is all that may happen between fork and
    // exec.
    unsafe {
        command.pre_exec(|| Ok(ptrace::traceme()?));
    }
    #[expect(
        clippy::zombie_processes,
        reason = "whoever traces it waits for its end"
    )]
    let mut child = command.spawn().expect("it can be traced");
    let mut output = child.stdout.take().expect("stdout is a pipe");
    let reader = thread::spawn(move || {
        let mut answers = Vec::new();
        output.read_to_end(&mut answers).map(|_| answers)
    });
    let stops = trace(Pid::from_raw(child.id().cast_signed()));
    let answers = reader.join().expect("the reader").expect("the answers");
    let lines = answers.iter().filter(|byte| **byte == b'\n').count();
    let requests = input.windows(5).filter(|part| part == b"{\"ID\"").count();
    assert_eq!(lines, requests + 1, "{}", String::from_utf8_lossy(&answers));
    // One stop at its beginning and one at its end.
    stops / 2
}

/// Follows a process that stops at its first instruction; how often its threads stopped at system
/// calls.
fn trace(child: Pid) -> usize {
    // Whatever this thread started, and nothing of the tests beside.
    let every = Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD);
    let resume = |pid, signal| {
        // One that has been killed meanwhile says so when it is waited for.
        let _ = ptrace::syscall(pid, signal);
    };
    waitpid(child, every).expect("its first stop");
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
        | ptrace::Options::PTRACE_O_TRACECLONE
        | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(child, options).expect("its threads are followed");
    resume(child, None);
    let mut stops = 0;
    loop {
        match waitpid(None, every).expect("its next stop") {
            WaitStatus::PtraceSyscall(pid) => {
                stops += 1;
                resume(pid, None);
            }
            // Threads that begin stop so.
            WaitStatus::Stopped(pid, Signal::SIGSTOP) => resume(pid, None),
            WaitStatus::Stopped(pid, signal) => resume(pid, Some(signal)),
            WaitStatus::PtraceEvent(pid, ..) => resume(pid, None),
            WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) if pid == child => {
                return stops;
            }
            _ => {}
        }
    }
}
