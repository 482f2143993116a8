//! A socket that systemd passes (sd_listen_fds(3)).

use std::env;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FileType, fstat};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, getsockname, sockopt};

use super::BindError;

/// The first descriptor that is passed (SD_LISTEN_FDS_START).
const FIRST: RawFd = 3;

/// The most that are looked at: one is taken.
const MOST: usize = 64;

/// The name of the one that is taken where several are passed.
const NAME: &str = "cachewarden";

/// Takes the socket that is passed to this process, once.
pub(super) fn take() -> Result<Option<OwnedFd>, BindError> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let own = std::process::id().to_string();
    if env::var_os("LISTEN_PID").is_none_or(|pid| pid != own.as_str())
        || TAKEN.swap(true, Ordering::SeqCst)
    {
        return Ok(None);
    }
    let text = |name| env::var(name).unwrap_or_default();
    let index = choose(&text("LISTEN_FDS"), &text("LISTEN_FDNAMES"))?;
    // SAFETY: the variables name this process, so the descriptor was passed to it for this purpose
    // alone. Nothing else in the program takes it: this runs once, before anything is opened.
    let descriptor = unsafe { OwnedFd::from_raw_fd(FIRST + index) };
    Ok(Some(descriptor))
}

/// Which of the descriptors is the socket.
fn choose(number: &str, names: &str) -> Result<RawFd, BindError> {
    let wrong = |found: String| BindError::Activation(found);
    let number: usize = number
        .parse()
        .ok()
        .filter(|number| (1..=MOST).contains(number))
        .ok_or_else(|| wrong(format!("`{number}` descriptors")))?;
    if number == 1 {
        return Ok(0);
    }
    let named = names.split(':').take(number);
    let mut own = named
        .zip(0..)
        .filter(|(name, _)| *name == NAME)
        .map(|(_, index)| index);
    own.next().ok_or_else(|| {
        wrong(format!(
            "{number} descriptors, of which none has the name {NAME} (FileDescriptorName=)"
        ))
    })
}

/// Checks that it is a socket on which clients can be accepted; returns its path.
pub(super) fn check(socket: &OwnedFd) -> Result<PathBuf, BindError> {
    let wrong = |found: &str| BindError::Activation(found.to_owned());
    let status = fstat(socket).map_err(|_| wrong("no open descriptor"))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Socket {
        return Err(wrong("a descriptor that is no socket"));
    }
    let is_listening = is_listening(socket.as_fd()).unwrap_or(false);
    if !is_listening {
        return Err(wrong("a socket of another kind"));
    }
    // So that no program that the daemon starts has it.
    fcntl_setfd(socket, FdFlags::CLOEXEC).map_err(|_| wrong("an unusable descriptor"))?;
    let address = getsockname(socket).ok();
    let address = address.and_then(|address| SocketAddrUnix::try_from(address).ok());
    let path = address.as_ref().and_then(SocketAddrUnix::path_bytes);
    Ok(path.map_or_else(PathBuf::new, |path| OsStr::from_bytes(path).into()))
}

fn is_listening(socket: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    Ok(sockopt::socket_domain(socket)? == AddressFamily::UNIX
        && sockopt::socket_type(socket)? == SocketType::STREAM
        && sockopt::socket_acceptconn(socket)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_descriptor_is_chosen() {
        assert!(matches!(choose("1", ""), Ok(0)));
        assert!(matches!(choose("3", "web:cachewarden:cachewarden"), Ok(1)));
        for (number, names) in [
            ("", ""),
            ("0", ""),
            ("x", ""),
            ("-1", ""),
            ("2", "web:dns"),
            ("1000000", "cachewarden"),
            ("2", "web:dns:cachewarden"),
        ] {
            assert!(choose(number, names).is_err(), "{number} {names}");
        }
    }
}
