//! Runs other programs. An error names the whole command, so that a person can repeat it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a command to its end, with the same output as this process. Any exit status but 0 is an
/// error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    succeeded(command, status)
}

/// Runs a command and returns what it printed to stdout, without the white space around it.
/// Its stderr goes where ours goes.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let text = String::from_utf8(output(command)?)
        .with_context(|| format!("`{}` printed something that is not UTF-8", line(command)))?;
    Ok(text.trim().to_owned())
}

/// Runs a command and returns the bytes that it printed to stdout.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| cannot_start(command))?;
    succeeded(command, output.status)?;
    Ok(output.stdout)
}

/// Runs a command silently and returns its stdout; `None` if it does not exist or fails.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// An error naming the command unless it ended with exit status 0.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// The path of a program, as a shell would find it.
pub(crate) fn find(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let program = Path::new(program.as_ref());
    let folders = std::env::var_os("PATH").unwrap_or_default();
    // Joining an absolute path gives that path.
    let places = std::env::split_paths(&folders).map(|folder| folder.join(program));
    places
        .filter(|file| file.is_absolute())
        .find(|file| file.is_file())
}

/// The text for a command that could not be started.
pub(crate) fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`: is it installed?", line(command))
}

/// The command as a person would type it, but for quotes.
fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
