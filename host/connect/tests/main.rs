//! The socket with real clients: the program `cachewarden-connect`, and hostile ones.
//!
//! The daemon is this process, a user of the library whose sessions answer with the bytes that they
//! are sent, or the example `echo_daemon` where it must be killed or have limits of its own.

mod crowd;
mod dying_daemon;
mod hellos;
mod hostile;
mod program;
mod sessions;
mod support;
mod takeover;
