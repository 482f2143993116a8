//! Processes of this very program: the trimmer, and the compiler of policies.

use std::io;
use std::process::{Command, Stdio};

/// The program that is running, to be started again with arguments of its own and no streams. What was said to this
/// process by `CACHEWARDEN_*` variables is no business of the other's.
///
/// # Errors
/// When the system does not tell where the program is.
pub fn command() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for (name, _) in std::env::vars_os() {
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
