//! Who is at the other end of a socket.

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
