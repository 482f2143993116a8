//! The Unix socket between a go command and the daemon.
//!
//! A client ([`client`], the program `cachewarden-connect`) connects, says who it is and what it
//! wants ([`wire`]), and hands its stdin and stdout over once the daemon has accepted it. From then
//! on no byte is relayed: the daemon reads requests from the go command's pipe and writes answers
//! to it ([`streams`]). The socket stays open beside: it carries lines for a person and the exit
//! status, and its end is the end of the client ([`Control`]).
//!
//! What always holds:
//! - Before the client has handed its streams over, the daemon has not a single byte of them, nor a
//!   descriptor that keeps them open. So a client that is refused, or waits in vain, can go on
//!   alone.
//! - Neither side trusts the other: every message is bounded, every wait of the daemon's ends when
//!   the client is gone, and the flags of a descriptor that was handed over are never relied on.

pub mod client;
mod connection;
mod control;
mod listener;
mod rights;
pub mod streams;
mod wait;
pub mod wire;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::wire::fuzzing::messages;
}

pub use connection::{Connection, Session, Streams, TakeoverError};
pub use control::{Control, Gone};
pub use listener::{BindError, Binding, Counts, Listener, Peer};
