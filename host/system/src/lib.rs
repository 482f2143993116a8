//! Functions of the operating system that several crates use: opening regular files, locks with a
//! timeout, processes that were killed, starting this program again, and what holds for every
//! helper of a go command.

pub mod helper_process;
pub mod lock_timeout;
pub mod process;
pub mod safe_open;
pub mod self_exec;
