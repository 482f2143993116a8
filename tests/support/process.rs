//! Processes that cannot hang a test: each has a bound, after which its whole group is killed and
//! the test fails with what had been seen.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cachewarden");

/// Far beyond what any step takes on a busy machine: it only turns a hang into a failure.
pub(crate) const BOUND: Duration = Duration::from_secs(180);

/// Waits until something is so, which nothing announces.
#[track_caller]
pub(crate) fn soon(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < BOUND, "it is not so");
        thread::yield_now();
    }
}

/// Kills a process group that is still there after [`BOUND`]; dropping it ends the watch.
pub(crate) struct Watchdog {
    fired: Arc<AtomicBool>,
    _leash: Sender<()>,
}

impl Watchdog {
    /// Watches the process `id`, which must lead a group of its own.
    pub(crate) fn over(id: u32) -> Self {
        let fired = Arc::new(AtomicBool::new(false));
        let (leash, released) = mpsc::channel::<()>();
        let (group, bark) = (process_id(id), Arc::clone(&fired));
        thread::spawn(move || {
            if released.recv_timeout(BOUND) == Err(RecvTimeoutError::Timeout) {
                bark.store(true, Ordering::SeqCst);
                // It may have ended this very moment; then there is nothing to kill.
                let _ = kill_process_group(group, Signal::KILL);
            }
        });
        Self {
            fired,
            _leash: leash,
        }
    }

    /// Whether the process had to be killed.
    pub(crate) fn fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }
}

/// Gives a process a fifth of a processor, as a small container does, until it is dropped: stopped
/// for four parts of the time, by signals. What depends on it is only how long the process takes.
pub(crate) struct Throttle {
    released: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Throttle {
    /// What the process may run at a time.
    const PART: Duration = Duration::from_millis(10);

    /// Throttles the process `id`, a child that is not waited for before this is dropped.
    pub(crate) fn over(id: u32) -> Self {
        let (released, wait) = mpsc::channel::<()>();
        let process = process_id(id);
        let thread = thread::spawn(move || {
            loop {
                kill_process(process, Signal::STOP).expect("it can be stopped");
                let over = wait.recv_timeout(4 * Self::PART) != Err(RecvTimeoutError::Timeout);
                kill_process(process, Signal::CONT).expect("it can go on");
                if over || wait.recv_timeout(Self::PART) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self {
            released: Some(released),
            thread: Some(thread),
        }
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.released = None;
        let ended = self.thread.take().map(thread::JoinHandle::join);
        debug_assert!(
            ended.is_none_or(|ended| ended.is_ok()) || thread::panicking(),
            "it was throttled"
        );
    }
}

/// The kernel's name for a child.
pub(crate) fn process_id(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).expect("a process ID fits")).expect("a process ID is not 0")
}

/// The most memory that a process ever held, in KiB; none where it has ended.
pub(crate) fn peak_memory_if_there(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let number = line.trim().strip_suffix(" kB").expect("in kB");
    Some(number.parse().expect("a number"))
}

/// The most memory that a process ever held, in KiB.
#[track_caller]
pub(crate) fn peak_memory(process: u32) -> u64 {
    peak_memory_if_there(process).expect("it has not ended")
}

/// How much the most memory that a process ever held has grown, in KiB. The kernel's figure is not
/// exact, and a later one can be a little less (proc_pid_status(5)).
#[track_caller]
pub(crate) fn peak_memory_since(before: u64, process: u32) -> u64 {
    peak_memory(process).saturating_sub(before)
}

/// The processes that were told of a path, by an argument or a variable.
pub(crate) fn processes_of(path: &Path) -> Vec<u32> {
    let path = path.to_str().expect("UTF-8");
    let told = |file: String| String::from_utf8_lossy(&read_if_there(file)).contains(path);
    fs::read_dir("/proc")
        .expect("the processes")
        .filter_map(|item| {
            item.ok()?
                .file_name()
                .into_string()
                .ok()?
                .parse::<u32>()
                .ok()
        })
        .filter(|id| {
            wait_for_arguments(*id);
            told(format!("/proc/{id}/cmdline")) || told(format!("/proc/{id}/environ"))
        })
        .collect()
}

/// Where this program has only just been started, its arguments and variables are not to be seen
/// yet, although whoever started it may have ended by now.
#[track_caller]
fn wait_for_arguments(id: u32) {
    let is_ours =
        || fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == Path::new(PROGRAM));
    soon(|| !is_ours() || !read_if_there(format!("/proc/{id}/cmdline")).is_empty());
}

fn read_if_there(file: String) -> Vec<u8> {
    fs::read(file).unwrap_or_default()
}

/// Waits for the end of a process that is nobody's child here; whether it came.
#[must_use]
pub(crate) fn has_ended(id: u32) -> bool {
    ends_within(id, BOUND)
}

/// Waits so long for the end of a process; whether it came.
#[must_use]
pub(crate) fn ends_within(id: u32, bound: Duration) -> bool {
    // Where it has ended by now there is nothing to open.
    let Ok(process) = pidfd_open(process_id(id), PidfdFlags::empty()) else {
        return true;
    };
    let bound = bound.try_into().expect("a bound that the kernel can take");
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&bound)).is_ok_and(|ended| ended > 0)
}

/// Returns once a process waits for a lock on a file.
#[track_caller]
pub(crate) fn waits_for_a_lock(id: u32) {
    let (waiter, deadline) = (format!(" {id} "), Instant::now() + BOUND);
    let waits = |lock: &str| lock.contains("->") && lock.contains(&waiter);
    // No event tells of it.
    while !fs::read_to_string("/proc/locks")
        .expect("the locks")
        .lines()
        .any(waits)
    {
        assert!(Instant::now() < deadline, "{id} waits for no lock");
        thread::yield_now();
    }
}

/// How a process ended and all it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The same, after checking that it ended with status 0.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert!(self.status.success(), "it should have succeeded: {self:#?}");
        self
    }

    /// The same, after checking its exit status.
    #[track_caller]
    pub(crate) fn exited(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "exit status: {self:#?}");
        self
    }
}

/// Runs a command, without input, to its end.
#[track_caller]
pub(crate) fn run_to_its_end(command: &mut Command) -> Outcome {
    use std::os::unix::process::CommandExt as _;
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let watchdog = Watchdog::over(child.id());
    let output = child.wait_with_output().expect("its output can be read");
    let outcome = Outcome {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(
        !watchdog.fired(),
        "{command:?} did not end within {BOUND:?}: {outcome:#?}"
    );
    outcome
}
