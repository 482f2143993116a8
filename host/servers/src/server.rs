//! A server with room for tiers.

use std::net::SocketAddr;

use crate::running::Running;

/// Environment variables with credentials, for cachewarden.
pub type Variables = Vec<(&'static str, String)>;

/// A server with room for tiers.
pub struct Server {
    /// Ends with this.
    pub(crate) _running: Running,
    /// Where it listens.
    pub socket: SocketAddr,
    /// The variables that open it; none where it asks for nothing.
    pub credentials: Variables,
    /// Variables that open nothing; none where it asks for nothing.
    pub wrong: Variables,
    /// The address of a tier with a prefix, at a socket.
    pub(crate) address: fn(prefix: &str, socket: SocketAddr) -> String,
}

impl Server {
    /// The address of a tier with this prefix.
    pub fn tier(&self, prefix: &str) -> String {
        self.tier_at(prefix, self.socket)
    }

    /// The address of a tier with this prefix, where the server is found at another socket.
    pub fn tier_at(&self, prefix: &str, socket: SocketAddr) -> String {
        (self.address)(prefix, socket)
    }
}
