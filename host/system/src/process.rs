//! A process that another one may have to tell apart: one that was killed, and only waits in the
//! kernel for its end.
//!
//! A killed process keeps its files, and so its locks and its sockets, for as long as one of its
//! threads waits where no signal ends the wait: for a pipe whose other end hangs, or for a disk.
//! It executes nothing of its program any more. The system call in which it waits may still be
//! completed.

use std::fmt;
use std::fs;
use std::io;
use std::str::FromStr;

/// The number of SIGKILL.
const SIGKILL: u32 = 9;

/// A process of any machine, by what it shares with no other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number, in its namespace.
    pub pid: u32,
    /// When it was started, in ticks since the boot.
    started: u64,
    /// The process namespace in which it has this number, by its inode.
    namespace: u64,
    /// The boot of the machine that runs it.
    boot: String,
}

/// What is known of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was killed: it waits in the kernel, and no instruction of its program is executed again.
    Killed,
    /// It is there, and was not killed.
    Alive,
    /// It is not to be seen from here: it has ended, or is of another process namespace or machine.
    Unseen,
}

impl Process {
    /// This process.
    ///
    /// # Errors
    /// Where the system does not tell; only Linux does.
    pub fn current() -> io::Result<Self> {
        let pid = std::process::id();
        Ok(Self {
            pid,
            started: started(pid)?,
            namespace: namespace()?,
            boot: boot()?,
        })
    }

    /// What is known of it at this moment.
    pub fn state(&self) -> State {
        let is_of_here = boot().is_ok_and(|boot| boot == self.boot)
            && namespace().is_ok_and(|namespace| namespace == self.namespace);
        if !is_of_here {
            return State::Unseen;
        }
        let is_killed = is_killed(self.pid);
        // Looked at last: as long as it has not ended, no other process has its number.
        match started(self.pid) {
            Ok(started) if started == self.started && is_killed => State::Killed,
            Ok(started) if started == self.started => State::Alive,
            _ => State::Unseen,
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            started,
            namespace,
            boot,
        } = self;
        write!(formatter, "{pid} {started} {namespace} {boot}")
    }
}

/// The text names no process.
#[derive(Debug)]
pub struct NoProcess;

impl FromStr for Process {
    type Err = NoProcess;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = text.split_whitespace();
        let mut next = || fields.next().ok_or(NoProcess);
        let process = Self {
            pid: next()?.parse().map_err(|_| NoProcess)?,
            started: next()?.parse().map_err(|_| NoProcess)?,
            namespace: next()?.parse().map_err(|_| NoProcess)?,
            boot: next()?.to_owned(),
        };
        match fields.next() {
            None => Ok(process),
            Some(_) => Err(NoProcess),
        }
    }
}

/// Whether the process that has this number now was killed, and only waits in the kernel for its
/// end. `false` where that is not known.
pub fn is_killed(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    let statuses = tasks.map(|task| fs::read_to_string(task?.path().join("status")));
    are_killed(statuses)
}

/// Whether SIGKILL is pending for all threads that are left, and for one at least. A zombie alone
/// shows nothing: the first thread of a process may end before the others.
fn are_killed(statuses: impl Iterator<Item = io::Result<String>>) -> bool {
    let mut is_killed = false;
    for status in statuses {
        match status.map(|status| Task::of(&status)) {
            Ok(Task::Dead) => {}
            Ok(Task::Killed) => is_killed = true,
            Ok(Task::Runs) => return false,
            Err(error) if has_ended(&error) => {}
            Err(_) => return false,
        }
    }
    is_killed
}

/// A thread, by its file `status`.
enum Task {
    Dead,
    Killed,
    Runs,
}

impl Task {
    fn of(status: &str) -> Self {
        let field = |name: &str| {
            let mut lines = status.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value.unwrap_or_default().trim()
        };
        if field("State").starts_with(['Z', 'X']) {
            return Self::Dead;
        }
        // Of the thread itself: when a process is killed, the kernel notes it for each.
        let pending = u64::from_str_radix(field("SigPnd"), 16).unwrap_or(0);
        match pending & (1 << (SIGKILL - 1)) {
            0 => Self::Runs,
            _ => Self::Killed,
        }
    }
}

/// Whether a thread has ended while it was looked at.
fn has_ended(error: &io::Error) -> bool {
    let no_such_process = rustix::io::Errno::SRCH.raw_os_error();
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(no_such_process)
}

fn started(pid: u32) -> io::Result<u64> {
    /// The number of the field in proc(5) is 22; the name of the program, which may have spaces, is
    /// field 2 and in brackets.
    const FIELD_AFTER_NAME: usize = 22 - 3;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest);
    let field = after_name.and_then(|rest| rest.split_whitespace().nth(FIELD_AFTER_NAME));
    field
        .and_then(|field| field.parse().ok())
        .ok_or_else(|| io::Error::other("no start time"))
}

/// The namespace of this process, if that is also the one whose processes /proc shows. The number
/// is in the name that the link has: `pid:[4026531836]`.
fn namespace() -> io::Result<u64> {
    let own = std::process::id().to_string();
    if fs::read_link("/proc/self")?.to_str() != Some(&own) {
        return Err(io::Error::other("/proc is of another namespace"));
    }
    let link = fs::read_link("/proc/self/ns/pid")?;
    let number = link.to_str().and_then(|link| {
        let number = link.strip_prefix("pid:[")?.strip_suffix(']')?;
        number.parse().ok()
    });
    number.ok_or_else(|| io::Error::other("no number of a namespace"))
}

fn boot() -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(boot.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: &str =
        "Name:\ta\nState:\tS (sleeping)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\n";
    const WAITS: &str = "Name:\ta\nState:\tD (disk sleep)\nSigPnd:\t0000000000000000\n";
    const KILLED: &str = "Name:\ta\nState:\tD (disk sleep)\nSigPnd:\t0000000000000100\n";
    const ZOMBIE: &str = "Name:\tState: x\nState:\tZ (zombie)\nSigPnd:\t0000000000000000\n";

    #[test]
    fn a_process_is_killed_when_all_threads_that_are_left_are() {
        let killed = |statuses: &[&str]| {
            let statuses: Vec<_> = statuses.iter().map(|text| Ok((*text).to_owned())).collect();
            are_killed(statuses.into_iter())
        };
        assert!(killed(&[KILLED]));
        assert!(killed(&[ZOMBIE, KILLED, KILLED]));
        // A program whose first thread has ended runs on.
        assert!(!killed(&[ZOMBIE]));
        assert!(!killed(&[ZOMBIE, RUNS]));
        assert!(!killed(&[ZOMBIE, WAITS]));
        // As while a thread of it executes another program.
        assert!(!killed(&[RUNS, KILLED]));
        assert!(!killed(&[KILLED, WAITS]));
        assert!(!killed(&[]));
        assert!(!killed(&[KILLED, "nothing that is known"]));
    }

    #[test]
    fn a_thread_that_cannot_be_looked_at_counts_as_alive_unless_it_has_ended() {
        let error = |kind: io::ErrorKind| Err(io::Error::from(kind));
        let killed = || Ok(KILLED.to_owned());
        let ended = [killed(), error(io::ErrorKind::NotFound)];
        assert!(are_killed(ended.into_iter()));
        let hidden = [killed(), error(io::ErrorKind::PermissionDenied)];
        assert!(!are_killed(hidden.into_iter()));
        let srch = io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error());
        assert!(are_killed([killed(), Err(srch)].into_iter()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_alive_and_another_one_with_its_number_is_not_it() {
        let process = Process::current().unwrap();
        assert_eq!(process.state(), State::Alive);
        assert_eq!(process.to_string().parse::<Process>().unwrap(), process);
        for other in [
            Process {
                started: process.started + 1,
                ..process.clone()
            },
            Process {
                namespace: process.namespace + 1,
                ..process.clone()
            },
            Process {
                boot: "another".to_owned(),
                ..process.clone()
            },
        ] {
            assert_eq!(other.state(), State::Unseen, "{other}");
        }
        for text in ["", "1 2 3", "1 2 3 boot more", "-1 2 3 boot"] {
            assert!(text.parse::<Process>().is_err(), "{text}");
        }
    }

    /// The real thing: a child that was killed is a zombie until it is waited for, and holds no
    /// file.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_child_that_has_ended_is_no_killed_one() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let pid = child.id();
        assert!(!is_killed(pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_killed(pid));
    }
}
