//! Runs other programs. An error names the whole command, so that a person can repeat it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

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

/// A command that runs beside others. What it prints is kept until it has ended, so that it is
/// together.
pub(crate) struct Beside {
    command: Command,
    child: Child,
    printed: File,
}

impl Beside {
    /// Starts a command.
    pub(crate) fn begin(mut command: Command) -> Result<Beside> {
        let printed = tempfile::tempfile().context("cannot make a temporary file")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed.try_clone()?)
            .spawn()
            .with_context(|| cannot_start(&command))?;
        Ok(Beside {
            command,
            child,
            printed,
        })
    }

    /// Waits for its end, and prints what it has printed; returns that, and whether it succeeded.
    pub(crate) fn end(mut self) -> Result<(String, Result<()>)> {
        let status = self.child.wait()?;
        let mut printed = Vec::new();
        self.printed.rewind()?;
        self.printed.read_to_end(&mut printed)?;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        print!("{printed}");
        Ok((printed, succeeded(&self.command, status)))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_beside_others_prints_is_there_at_its_end() {
        for (script, succeeds) in [
            ("echo out; echo err >&2", true),
            ("echo out; exit 3", false),
        ] {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let (printed, result) = Beside::begin(command).unwrap().end().unwrap();
            assert!(printed.starts_with("out\n"), "{printed}");
            assert_eq!(printed.contains("err\n"), succeeds);
            assert_eq!(result.is_ok(), succeeds, "{result:?}");
        }
        assert!(Beside::begin(Command::new("/none")).is_err());
    }
}
