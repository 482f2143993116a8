//! This user's go commands: what go itself keeps (`go env -w`), so that editors have it too.

use std::path::Path;
use std::process::{Command, Stdio};

use cachewarden_types::{Code, sanitize};

use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::gocacheprog::{self, VARIABLE, shell_quoted};
use crate::cli::output;

/// How a shell sets a variable, and the file that it reads at its start.
struct Shell {
    name: &'static str,
    set: &'static str,
    profile: &'static str,
}

const SHELLS: [Shell; 4] = [
    Shell {
        name: "bash",
        set: "export GOCACHEPROG=",
        profile: "~/.bashrc",
    },
    Shell {
        name: "zsh",
        set: "export GOCACHEPROG=",
        profile: "~/.zshrc",
    },
    Shell {
        name: "fish",
        set: "set -gx GOCACHEPROG ",
        profile: "~/.config/fish/config.fish",
    },
    // Where it is none of these.
    Shell {
        name: "sh",
        set: "export GOCACHEPROG=",
        profile: "~/.profile",
    },
];

/// Prints the lines.
pub(super) fn print() -> Result<(), Failure> {
    let value = wanted()?;
    let word = shell_quoted(&value);
    let shell = shell();
    output::print(&format!(
        "# For all go commands of this user, also those that an editor starts:\ngo env -w {VARIABLE}={word}\n# Or for {} alone, in {}:\n#   {}{word}\n# `cachewarden doctor` builds with it and says what is found; `go env -u {VARIABLE}` takes it back.\n",
        shell.name, shell.profile, shell.set
    ))?;
    if let Some(other) = gocacheprog::in_force().filter(|other| *other != value) {
        output::say(&format!(
            "cachewarden: go uses `{}` now, by the variable {VARIABLE} or by `go env -w`",
            sanitize(&other)
        ));
    }
    Ok(())
}

/// Has go keep the value, unless it has another one.
pub(super) fn write() -> Result<(), Failure> {
    let value = wanted()?;
    let there = gocacheprog::in_force();
    if there.as_ref() == Some(&value) {
        return output::print(&format!("go uses {value} already.\n"));
    }
    ensure(there.is_none(), Code::SetUpNotWritten, || {
        format!(
            "go uses `{}` now, which is not overwritten; unset the variable {VARIABLE}, or type go env -u {VARIABLE}, and ask again",
            there.unwrap_or_default()
        )
    })?;
    let output = Command::new("go")
        .args(["env", "-w", &format!("{VARIABLE}={value}")])
        .env_remove(VARIABLE)
        .stdin(Stdio::null())
        .output()
        .or_fail(Code::SetUpNotWritten, || {
            "cannot run go; install Go 1.24 or later, or put it on the PATH".to_owned()
        })?;
    // An older go command does not know the variable, and GOENV=off keeps nothing.
    let is_kept = output.status.success() && gocacheprog::in_force().as_ref() == Some(&value);
    ensure(is_kept, Code::SetUpNotWritten, || {
        format!(
            "go env -w keeps no {VARIABLE}: {}; install Go 1.24 or later, and unset GOENV",
            String::from_utf8_lossy(&output.stderr).trim()
        )
    })?;
    output::print(&format!(
        "go uses {value} from now on. `cachewarden doctor` builds with it; `go env -u {VARIABLE}` takes it back.\n"
    ))
}

/// The value that starts this program.
fn wanted() -> Result<String, Failure> {
    let program = std::env::current_exe().or_fail(Code::System, || {
        "this program does not know its own path".to_owned()
    })?;
    let path = program.to_string_lossy();
    // go keeps no value with a line break, and a terminal acts on other control characters.
    let is_wrong = |character: char| character == '\'' || character.is_control();
    ensure(
        program.to_str().is_some() && !path.contains(is_wrong),
        Code::SetUpNotWritten,
        || {
            format!(
                "{path} cannot be named in {VARIABLE}: it has a quote or a control character, or is not valid UTF-8; move the program"
            )
        },
    )?;
    // Without words none can be wrong.
    Ok(gocacheprog::value(&program, &[]).unwrap_or_default())
}

/// The user's shell.
fn shell() -> &'static Shell {
    let named = std::env::var("SHELL").unwrap_or_default();
    let name = Path::new(&named).file_name().unwrap_or_default();
    let [known @ .., other] = &SHELLS;
    known
        .iter()
        .find(|shell| name == shell.name)
        .unwrap_or(other)
}
