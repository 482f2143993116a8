//! Functions of the operating system that several crates use: opening regular files, their locks,
//! metadata and names, waiting for input or another thread, processes that were killed, starting
//! this program again, and what holds for every helper of a go command.
//!
//! Where Windows and Unix differ, a module has one set of functions, and below it a file for each
//! of the two systems.

pub mod file_at;
pub mod file_lock;
pub mod file_status;
pub mod helper_process;
#[cfg(windows)]
pub mod job;
pub mod lock_timeout;
#[cfg(unix)]
pub mod process;
#[cfg(windows)]
pub mod profile;
pub mod replace;
pub mod safe_open;
pub mod self_exec;
pub mod streams;
pub mod thread_time;
pub mod user;
pub mod wakeup;
#[cfg(windows)]
mod windows;
