//! The go command of this user: whether it knows GOCACHEPROG, and what it keeps.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use cachewarden_types::{Code, sanitize};

use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::go_version::{FIRST_MINOR, minor};
use crate::cli::gocacheprog::{self, VARIABLE};
use crate::cli::paths::{CONFIG_PLACES, variable};
use crate::cli::shells;

/// The variable that says where go keeps what `go env -w` sets, before others do.
const GOENV: &str = "GOENV";

/// Fails where go does not know the variable: such a go builds with its own cache, without a word.
pub(super) fn check_knows_variable() -> Result<(), Failure> {
    let output = go(&["env", "GOVERSION"], None)?;
    let version = sanitize(String::from_utf8_lossy(&output.stdout).trim());
    let is_old = minor(&version).is_some_and(|minor| minor < FIRST_MINOR);
    ensure(!is_old || starts_helper()?, Code::SetUpNotWritten, || {
        format!(
            "the go command of the PATH is {version}, which does not know {VARIABLE}; install Go 1.24 or later, or put it first on the PATH"
        )
    })
}

/// Whether go starts a helper: Go 1.21 to 1.23 do so if they were built with the experiment. One
/// that does fails, since nothing lies below a program.
fn starts_helper() -> Result<bool, Failure> {
    let no_program = gocacheprog::own_program()?.join("none");
    let output = go(&["build", "unsafe"], Some(no_program.as_os_str()))?;
    let told = String::from_utf8_lossy(&output.stderr);
    Ok(!output.status.success() && told.contains(VARIABLE))
}

/// Has go keep a value.
pub(super) fn keep(value: &str) -> Result<(), Failure> {
    // go would write its default file even so, and not read it.
    ensure(
        std::env::var_os(GOENV).is_none_or(|file| file != "off"),
        Code::SetUpNotWritten,
        || {
            format!(
                "{GOENV} is `off`, with which go reads nothing that it keeps, so nothing is written; type: {}, and ask again",
                shells::unset(GOENV)
            )
        },
    )?;
    let output = go(&["env", "-w", &format!("{VARIABLE}={value}")], None)?;
    let is_kept = output.status.success() && gocacheprog::kept().is_some_and(|kept| kept == value);
    ensure(is_kept, Code::SetUpNotWritten, || {
        let told = sanitize(String::from_utf8_lossy(&output.stderr).trim());
        let why = match told.is_empty() {
            true => "it says nothing, and the value is not there".to_owned(),
            false => told,
        };
        let mut places = [GOENV].into_iter().chain(CONFIG_PLACES.iter().copied());
        let next = match places.any(|name| variable(name).is_some()) {
            true => {
                "make the file that `go env GOENV` prints one that this user can write".to_owned()
            }
            false => {
                let last = CONFIG_PLACES.last().copied().unwrap_or(GOENV);
                format!("set {last} to a folder of this user: go keeps the value below it")
            }
        };
        format!("go env -w keeps no {VARIABLE}: {why}; {next}")
    })
}

/// Runs go, with this value of the variable or none.
fn go(words: &[&str], value: Option<&OsStr>) -> Result<Output, Failure> {
    let mut command = Command::new("go");
    command
        .args(words)
        .stdin(Stdio::null())
        .env_remove(VARIABLE);
    if let Some(value) = value {
        command.env(VARIABLE, value).env("GO111MODULE", "off");
    }
    command.output().or_fail(Code::SetUpNotWritten, || {
        "cannot run go; install Go 1.24 or later, or put it on the PATH".to_owned()
    })
}
