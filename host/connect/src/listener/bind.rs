//! Making the socket.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind as bind_socket, connect, listen,
    socket_with,
};
use thiserror::Error;

use cachewarden_system::process::is_killed;
use cachewarden_system::user;
use cachewarden_types::{Code, Problem};

use super::Peer;
use crate::rights;

/// How many clients may wait to be accepted. The kernel bounds it further (net.core.somaxconn,
/// 4096). It is large because a client that finds no room waits, and a crowd of clients that say
/// nothing must first be accepted to be dropped.
const BACKLOG: i32 = 4096;

/// Those who may write to a folder besides its owner.
const OTHERS_WRITE: u32 = 0o022;
/// In a folder with this bit, only a file's owner can replace the file.
const STICKY: u32 = 0o1000;

/// Where the socket is, and who may connect.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its path.
    pub path: PathBuf,
    /// Its mode: who may write to it may connect. 0o660 is the group.
    pub mode: u32,
    /// Its group, if not that of the process.
    pub group: Option<u32>,
    /// Whether a daemon was killed that had this socket, and has not ended: then a socket that lets
    /// nobody connect, because its queue is full, is its.
    pub after_a_killed_daemon: bool,
}

/// Why there is no socket.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// A daemon listens there.
    #[error("a daemon listens on {} already; stop it, or name another socket. If it was killed and does not end, remove the socket", .0.display())]
    InUse(PathBuf),
    /// Something else is there.
    #[error("{} is there, and is not a socket; name another path, or remove it", .0.display())]
    NotASocket(PathBuf),
    /// Others may replace the socket.
    #[error(
        "others may replace what is in the folder {}; name a socket in a folder that only the daemon's user may write to, or let nobody else write to this one",
        .0.display()
    )]
    OpenFolder(PathBuf),
    /// What systemd passes is not one socket that can be used.
    #[error("systemd passes {0}; expected one listening stream socket (ListenStream= with a path)")]
    Activation(String),
    /// The system refuses.
    #[error("cannot {step} the socket {}", path.display())]
    System {
        /// What was to be done.
        step: &'static str,
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Problem for BindError {
    fn code(&self) -> Code {
        Code::SocketUnusable
    }
}

/// A socket that was bound, as the file system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Removes the socket, unless another one is in its place by now.
    pub(super) fn remove(self, path: &Path) {
        if Self::of(path).is_ok_and(|there| there == self) {
            // A socket that stays is found to be dead, and is replaced.
            let _ = fs::remove_file(path);
        }
    }
}

pub(super) fn system(step: &'static str, path: &Path, source: impl Into<io::Error>) -> BindError {
    let (path, source) = (path.to_owned(), source.into());
    BindError::System { step, path, source }
}

/// Makes the socket under another name and moves it into place when it has its mode and listens: so
/// nobody connects who may not, whatever the umask is, and nobody finds it before it listens.
pub(super) fn bind(binding: &Binding) -> Result<(OwnedFd, Identity), BindError> {
    let path = binding.path.as_path();
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    check_folder(path, folder)?;
    check_free(path, binding.after_a_killed_daemon)?;
    // Short, since a socket's path has at most 107 bytes; of this process, since no other one makes
    // or removes it.
    let unfinished = folder.join(format!(".cw-{}", std::process::id()));
    // Left by a process that was killed.
    let _ = fs::remove_file(&unfinished);
    let bound = bind_as(binding, &unfinished);
    if bound.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    bound
}

fn bind_as(binding: &Binding, unfinished: &Path) -> Result<(OwnedFd, Identity), BindError> {
    let path = binding.path.as_path();
    // The final path must fit, too, for clients to connect.
    SocketAddrUnix::new(path).map_err(|error| system("name", path, error))?;
    let address = SocketAddrUnix::new(unfinished).map_err(|error| system("name", path, error))?;
    let socket = new_socket().map_err(|error| system("make", path, error))?;
    bind_socket(&socket, &address).map_err(|error| system("make", path, error))?;
    std::os::unix::fs::chown(unfinished, None, binding.group)
        .map_err(|error| system("set the group of", path, error))?;
    fs::set_permissions(unfinished, fs::Permissions::from_mode(binding.mode))
        .map_err(|error| system("set the mode of", path, error))?;
    rights::refuse(&socket);
    listen(&socket, BACKLOG).map_err(|error| system("listen on", path, error))?;
    let identity = Identity::of(unfinished).map_err(|error| system("look at", path, error))?;
    fs::rename(unfinished, path).map_err(|error| system("put in place", path, error))?;
    Ok((socket, identity))
}

/// Whoever can replace the socket can take the tokens of all clients.
fn check_folder(path: &Path, folder: &Path) -> Result<(), BindError> {
    let metadata = fs::metadata(folder).map_err(|error| system("make", path, error))?;
    let owner = metadata.uid();
    let is_ours = owner == 0 || owner == user::id();
    let is_open = metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0;
    match is_ours && !is_open {
        true => Ok(()),
        false => Err(BindError::OpenFolder(folder.to_owned())),
    }
}

/// A socket on which nobody listens may be replaced, and one of a process that was killed and waits
/// in the kernel for its end; nothing else may.
fn check_free(path: &Path, after_a_killed_daemon: bool) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system("look at", path, error)),
        Ok(metadata) if metadata.file_type().is_socket() => {}
        Ok(_) => return Err(BindError::NotASocket(path.to_owned())),
    }
    let address = SocketAddrUnix::new(path).map_err(|error| system("name", path, error))?;
    let socket = new_socket().map_err(|error| system("look at", path, error))?;
    match connect(&socket, &address) {
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(()),
        Ok(()) if is_of_a_killed_process(&socket) => Ok(()),
        // A queue that is full does not tell whose it is. A daemon that runs empties it.
        Err(Errno::AGAIN) if after_a_killed_daemon => Ok(()),
        Ok(()) | Err(Errno::AGAIN) => Err(BindError::InUse(path.to_owned())),
        Err(error) => Err(system("look at", path, error)),
    }
}

/// Whether whoever listens at the other end was killed: its socket stays open as long as one of its
/// threads waits in the kernel.
fn is_of_a_killed_process(socket: &OwnedFd) -> bool {
    let listens = Peer::of(socket).ok().and_then(|peer| peer.pid);
    listens.is_some_and(|pid| is_killed(pid.cast_unsigned()))
}

#[cfg(not(target_vendor = "apple"))]
fn new_socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

#[cfg(target_vendor = "apple")]
fn new_socket() -> rustix::io::Result<OwnedFd> {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::empty(),
        None,
    )?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&socket, rustix::fs::OFlags::NONBLOCK)?;
    Ok(socket)
}
