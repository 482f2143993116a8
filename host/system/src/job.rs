//! Bounds of another process, which Windows enforces by a job object. On Unix a process sets its own
//! bounds.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::Child;
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_PROCESS_MEMORY,
    JOB_OBJECT_LIMIT_PROCESS_TIME, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject,
};

use crate::windows::done;

/// What a process may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of memory that is its own.
    pub memory: u64,
    /// Processor time of all its threads together, without that of the system for them. After that
    /// it is ended.
    pub user_time: Duration,
}

/// Processes that have bounds as long as this is there; when it is dropped, or when the process that
/// has it ends, they are ended, too. A crash of one shows no window.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// A job without a process.
    ///
    /// # Errors
    /// When the system has none to give, or does not accept the bounds.
    pub fn new(bounds: Bounds) -> io::Result<Self> {
        // SAFETY: neither security attributes nor a name are given.
        let handle = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new, and nobody else closes it.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
            | JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
            | JOB_OBJECT_LIMIT_PROCESS_MEMORY
            | JOB_OBJECT_LIMIT_PROCESS_TIME;
        limits.BasicLimitInformation.PerProcessUserTimeLimit = units(bounds.user_time);
        limits.ProcessMemoryLimit = usize::try_from(bounds.memory).unwrap_or(usize::MAX);
        let size = u32::try_from(size_of_val(&limits)).unwrap_or(0);
        // SAFETY: the job is open, and `limits` is the structure of this class, with its size.
        done(unsafe {
            SetInformationJobObject(
                job.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size,
            )
        })?;
        Ok(job)
    }

    /// Puts a process into the job. What it has taken until then counts.
    ///
    /// # Errors
    /// When it has ended, or the system does not allow it.
    pub fn add(&self, process: &Child) -> io::Result<()> {
        // SAFETY: both handles are open as long as they are borrowed.
        done(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) })
    }
}

/// A time in Windows' units of 100 ns.
fn units(time: Duration) -> i64 {
    i64::try_from(time.as_nanos() / 100).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// That memory and time are bounded is not tested: wine accepts bounds and keeps none.
    #[test]
    fn a_process_ends_with_its_job() {
        let job = Job::new(Bounds {
            memory: 1 << 30,
            user_time: Duration::MAX,
        })
        .unwrap();
        let mut waiting = Command::new("cmd")
            .args(["/c", "set /p line="])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        job.add(&waiting).unwrap();
        assert!(waiting.try_wait().unwrap().is_none());
        drop(job);
        // Its input is open until here.
        let input = waiting.stdin.take();
        waiting.wait().unwrap();
        drop(input);
    }
}
