//! Whether a socket takes descriptors (SCM_RIGHTS).
//!
//! A descriptor that is attached to bytes is this process's to close, whether it was read or not.
//! Closing the last one of a pipe waits for the pipe's lock in the kernel, which no signal ends; a
//! job can hold that lock for as long as it likes. So a socket takes descriptors only while a
//! session's own thread expects them. Then the thread that accepts clients never has one to close.
//!
//! Linux can refuse them since 6.16 (SO_PASSRIGHTS). On an older kernel these calls change nothing.

use std::os::fd::AsFd;

/// Lets the other side attach descriptors from now on.
pub(crate) fn allow(socket: impl AsFd) {
    set(socket, true);
}

/// Makes it an error for the other side to attach descriptors. Sockets that connect to a listening
/// one begin like it.
pub(crate) fn refuse(socket: impl AsFd) {
    set(socket, false);
}

#[cfg(target_os = "linux")]
fn set(socket: impl AsFd, are_allowed: bool) {
    use std::os::fd::AsRawFd;
    /// The same number on every architecture that this program is built for.
    const SO_PASSRIGHTS: libc::c_int = 83;
    let value = libc::c_int::from(are_allowed);
    // SAFETY: the kernel reads an int from `value`, which is as large as is said.
    unsafe {
        // An older kernel does not know the option.
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PASSRIGHTS,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        );
    }
}

#[cfg(not(target_os = "linux"))]
fn set(_: impl AsFd, _: bool) {}
