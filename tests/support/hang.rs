//! A write that does not return: it copies from memory whose page fault nobody handles
//! (userfaultfd(2)). While it waits, the kernel holds what it has locked for the write, such as the
//! pipe. A job can do the same with a page of a file on a FUSE file system of its own.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{null_mut, with_exposed_provenance_mut};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

use super::soon;

const PAGE: usize = 4096;

/// The numbers of linux/userfaultfd.h.
const UFFDIO_API: libc::c_ulong = 0xC018_AA3F;
const UFFDIO_REGISTER: libc::c_ulong = 0xC020_AA00;
const UFFD_API: u64 = 0xAA;
const UFFDIO_REGISTER_MODE_MISSING: u64 = 1;

/// A write that hangs until this is dropped.
pub(crate) struct Hang {
    /// Closing it ends the wait.
    faults: Option<OwnedFd>,
    write: Option<JoinHandle<()>>,
}

impl Hang {
    /// Writes a page of blanks, which JSON ignores, and hangs at the next one.
    pub(crate) fn writing_to(stream: OwnedFd) -> Self {
        let (faults, memory) = faulting_memory().expect("userfaultfd, for faults in the kernel");
        let (sender, receiver) = channel();
        let write = move || {
            sender.send(rustix::thread::gettid()).expect("a receiver");
            let page = |number: usize| libc::iovec {
                iov_base: with_exposed_provenance_mut(memory + number * PAGE),
                iov_len: PAGE,
            };
            let pages = [page(0), page(1)];
            // SAFETY: both pages are mapped until the end of the process. That nobody reads the
            // stream any more is no harm.
            unsafe { libc::writev(stream.as_raw_fd(), pages.as_ptr(), 2) };
        };
        let write = thread::spawn(write);
        let thread = receiver.recv().expect("a thread").as_raw_nonzero();
        soon(|| waits_in(&format!("self/task/{thread}"), "handle_userfault"));
        Self {
            faults: Some(faults),
            write: Some(write),
        }
    }
}

impl Drop for Hang {
    fn drop(&mut self) {
        self.faults.take();
        if let Some(write) = self.write.take() {
            write.join().expect("a write");
        }
    }
}

/// Whether a thread waits in a function of the kernel.
fn waits_in(task: &str, function: &str) -> bool {
    let waits = fs::read_to_string(format!("/proc/{task}/wchan"));
    waits.is_ok_and(|waits| waits.contains(function))
}

/// Whether a thread of a process waits for the lock of a pipe, which no signal ends.
pub(crate) fn hangs_at_a_pipe(process: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    tasks.into_iter().flatten().flatten().any(|task| {
        let task = format!("{process}/task/{}", task.file_name().display());
        let status = fs::read_to_string(format!("/proc/{task}/status")).unwrap_or_default();
        status.contains("State:\tD") && waits_in(&task, "pipe")
    })
}

/// Two pages, of which the second faults: what handles the faults, and the address.
fn faulting_memory() -> io::Result<(OwnedFd, usize)> {
    let check = |result: i64| match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    };
    // SAFETY: each call gets what the manual pages say: a flag, a structure that lives for the call
    // and is as large as the number of the call says, and a request for new memory. The descriptor
    // is new.
    unsafe {
        let faults = check(libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC))?;
        let faults = OwnedFd::from_raw_fd(i32::try_from(faults).expect("a descriptor"));
        let mut api = [UFFD_API, 0, 0];
        let asked = libc::ioctl(faults.as_raw_fd(), UFFDIO_API, &raw mut api);
        check(asked.into())?;
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        );
        let memory = libc::mmap(null_mut(), 2 * PAGE, access, kind, -1, 0);
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        memory.cast::<u8>().write_bytes(b' ', PAGE);
        let second = memory.addr() + PAGE;
        let mut range = [second as u64, PAGE as u64, UFFDIO_REGISTER_MODE_MISSING, 0];
        let asked = libc::ioctl(faults.as_raw_fd(), UFFDIO_REGISTER, &raw mut range);
        check(asked.into())?;
        Ok((faults, memory.expose_provenance()))
    }
}
