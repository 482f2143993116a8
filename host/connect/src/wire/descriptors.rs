//! Descriptors on the socket: which are taken, and how they are sent and received.
//!
//! Only pipes are taken, which is what cmd/go gives its helper. A file or a device may make a read
//! wait for ever. A socket may be the client's own end of its connection, or have that end in its
//! queue: then a daemon that holds the socket would never see the end of a dead client.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, RecvMsg, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use thiserror::Error;

use super::Takeover;

/// Stdin and stdout.
const STREAMS: usize = 2;

/// A descriptor of this kind is a name of a file, and nothing to read or write.
#[cfg(target_os = "linux")]
const UNUSABLE: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const UNUSABLE: OFlags = OFlags::empty();

/// Why a descriptor is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DescriptorError {
    /// Other than stdin and stdout were attached.
    #[error("expected two descriptors, stdin and stdout; {0} arrived")]
    Number(usize),
    /// The kernel could not pass all of them on.
    #[error("not all descriptors arrived; two are expected, stdin and stdout")]
    Truncated,
    /// A file, a device, a socket, ...
    #[error("{0} is not a pipe; use --relay")]
    Kind(&'static str),
    /// It cannot be used in the direction that is needed.
    #[error("{0} is not open for {1}")]
    Access(&'static str, &'static str),
    /// A pipe, on a kernel that may wait for it whatever it is asked.
    #[error("this kernel cannot read a pipe without waiting for it; use --relay")]
    NoPipes,
    /// The operator has chosen that nothing is handed over.
    #[error("this socket takes no descriptors (`streams = \"relayed\"`); use --relay")]
    RelayOnly,
    /// The system did not say what it is.
    #[error("cannot find out what {0} is")]
    System(&'static str, #[source] Errno),
}

/// Whether this kernel reads and writes pipes without waiting on the caller's word alone, whatever
/// the flags of the open file description are. It is tried on a pipe of this process.
pub fn takes_pipes() -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::io::{ReadWriteFlags, preadv2};
        static TAKES: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *TAKES.get_or_init(|| {
            let Ok((reader, _writer)) = rustix::pipe::pipe() else {
                return false;
            };
            let mut byte = [0];
            let mut buffers = [IoSliceMut::new(&mut byte)];
            let result = preadv2(&reader, &mut buffers, u64::MAX, ReadWriteFlags::NOWAIT);
            result == Err(Errno::AGAIN)
        })
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// Whether this can be handed over as stdin.
///
/// # Errors
/// When it cannot be.
pub fn check_stdin(stream: impl AsFd) -> Result<(), DescriptorError> {
    check(stream.as_fd(), "stdin", "reading", OFlags::WRONLY)
}

/// Whether this can be handed over as stdout.
///
/// # Errors
/// When it cannot be.
pub fn check_stdout(stream: impl AsFd) -> Result<(), DescriptorError> {
    check(stream.as_fd(), "stdout", "writing", OFlags::RDONLY)
}

fn check(
    stream: BorrowedFd<'_>,
    name: &'static str,
    use_for: &'static str,
    wrong: OFlags,
) -> Result<(), DescriptorError> {
    let system = |error| DescriptorError::System(name, error);
    let status = fstat(stream).map_err(system)?;
    let is_pipe = FileType::from_raw_mode(status.st_mode) == FileType::Fifo;
    if !is_pipe || !is_nameless(stream).map_err(system)? {
        return Err(DescriptorError::Kind(name));
    }
    let flags = fcntl_getfl(stream).map_err(system)?;
    match flags & OFlags::RWMODE == wrong || flags.intersects(UNUSABLE) {
        true => Err(DescriptorError::Access(name, use_for)),
        false => Ok(()),
    }
}

/// Whether a pipe was made by pipe(2). One with a name in a file system may be read and written
/// with waiting only.
#[cfg(target_os = "linux")]
fn is_nameless(pipe: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    /// PIPEFS_MAGIC.
    const PIPES: i64 = 0x5049_5045;
    Ok(rustix::fs::fstatfs(pipe)?.f_type as i64 == PIPES)
}

#[cfg(not(target_os = "linux"))]
fn is_nameless(_: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    Ok(false)
}

/// Hands stdin and stdout over.
pub(crate) fn send_takeover(
    socket: impl AsFd,
    streams: [BorrowedFd<'_>; STREAMS],
) -> rustix::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(STREAMS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&streams));
    let byte = [Takeover::Descriptors as u8];
    sendmsg(
        socket,
        &[IoSlice::new(&byte)],
        &mut control,
        SendFlags::empty(),
    )
    .map(drop)
}

/// Receives bytes, and the descriptors that are attached to them. Never waits.
pub(crate) fn receive_takeover(
    socket: impl AsFd,
    buffer: &mut [u8],
) -> rustix::io::Result<(usize, Result<Vec<OwnedFd>, DescriptorError>)> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(STREAMS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut buffers = [IoSliceMut::new(buffer)];
    let RecvMsg { bytes, flags, .. } = recvmsg(socket, &mut buffers, &mut control, AT_ONCE)?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            descriptors.extend(more);
        }
    }
    let all = match flags.contains(ReturnFlags::CTRUNC) {
        true => Err(DescriptorError::Truncated),
        false => Ok(descriptors),
    };
    Ok((bytes, all))
}

/// A descriptor must not reach a process that another thread starts.
#[cfg(not(target_vendor = "apple"))]
const AT_ONCE: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::CMSG_CLOEXEC);
/// There the flag is not known; nothing is taken there but sockets.
#[cfg(target_vendor = "apple")]
const AT_ONCE: RecvFlags = RecvFlags::DONTWAIT;
