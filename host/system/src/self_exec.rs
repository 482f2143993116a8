//! Starts this program again: as the trimmer, and as the compiler of policies.

use std::io;
use std::process::{Command, Stdio};

use crate::variables;

/// A command that starts the running program, without streams and without the `CACHEWARDEN_*`
/// variables, which are meant for this process.
///
/// # Errors
/// When the path of the program is unknown.
pub fn command() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for name in variables::names() {
        if name.as_encoded_bytes().starts_with(b"CACHEWARDEN_") {
            command.env_remove(name);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(command)
}
