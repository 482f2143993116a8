//! Functions of the operating system that several crates use: opening regular files, locks with a
//! timeout, and starting this program again.

pub mod lock_timeout;
pub mod safe_open;
pub mod self_exec;
