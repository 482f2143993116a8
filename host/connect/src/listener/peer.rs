//! Who is at the other end of a socket.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// A client, as the kernel knows it from the time when it connected. The uid of a user that this
/// user namespace does not have is the overflow uid, which is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// Its process; `None` in another process namespace. For logs only: another process may have
    /// the number by now.
    pub pid: Option<i32>,
}

impl Peer {
    /// Asked by libc: rustix holds that a process has a number, and one of another namespace has
    /// none here.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn of(socket: impl AsFd) -> io::Result<Self> {
        let mut found = libc::ucred {
            pid: 0,
            uid: u32::MAX,
            gid: u32::MAX,
        };
        let expected = size_of::<libc::ucred>() as libc::socklen_t;
        let mut size = expected;
        // SAFETY: the kernel writes at most `size` bytes into `found`, any of which are a `ucred`.
        let result = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut found).cast(),
                &raw mut size,
            )
        };
        // A socket whose other end is unknown has the uid -1.
        if result != 0 || size != expected || found.uid == u32::MAX {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            uid: found.uid,
            gid: found.gid,
            pid: (found.pid > 0).then_some(found.pid),
        })
    }

    /// No process is known here.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn of(socket: impl AsFd) -> io::Result<Self> {
        let (mut uid, mut gid) = (0, 0);
        // SAFETY: both are written if the call succeeds, and not used if it fails.
        let result =
            unsafe { libc::getpeereid(socket.as_fd().as_raw_fd(), &raw mut uid, &raw mut gid) };
        match result {
            0 => Ok(Self {
                uid,
                gid,
                pid: None,
            }),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
