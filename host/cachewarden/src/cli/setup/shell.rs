//! This user's go commands: what go itself keeps (`go env -w`), so that editors have it too.

use std::path::{Path, PathBuf};

use cachewarden_types::{Code, sanitize};

use super::go;
use crate::cli::advice::Advice;
use crate::cli::failure::{Failure, ensure};
use crate::cli::gocacheprog::{self, VARIABLE};
use crate::cli::{output, shells};

/// What has this program written down.
const WRITE: &str = "cachewarden setup --write";

/// Prints the lines.
pub(super) fn print() -> Result<(), Failure> {
    let value = wanted()?;
    output::print(&format!(
        "# For all go commands of this user, also those that an editor starts:\n{}\n{}# `cachewarden doctor` builds with it and says what is found; `go env -u {VARIABLE}` takes it back.\n",
        shells::keep(&value),
        shells::for_one_shell(&value)
    ))?;
    say_what_it_rests_on(&value)?;
    if let Err(failure) = go::check_knows_variable() {
        output::say(&format!("cachewarden: {}", failure.text()));
    }
    let (there, by) = match gocacheprog::exported() {
        Some(exported) => (Some(exported), "by the environment variable"),
        None => (gocacheprog::kept(), "as `go env -w` has kept it"),
    };
    if let Some(other) = there.filter(|there| *there != value) {
        output::say(&format!(
            "cachewarden: go uses `{}` now, {by}",
            sanitize(&other)
        ));
    }
    Ok(())
}

/// Has go keep the value, unless it has another one.
pub(super) fn write() -> Result<(), Failure> {
    let value = wanted()?;
    go::check_knows_variable()?;
    // The variable wins over what go keeps: nobody would see what is written.
    if let Some(exported) = gocacheprog::exported() {
        let own = renamed(&exported)?;
        let is_kept = || gocacheprog::kept().as_ref() == Some(&value);
        if own.is_some() && is_kept() {
            return say_already(&value);
        }
        // The same value hides nothing, and goes with this shell.
        if exported != value {
            return Err(refused_beside(&exported, own));
        }
    }
    if let Some(kept) = gocacheprog::kept() {
        if renamed(&kept)?.is_some() {
            return say_already(&kept);
        }
        return Err(Failure::new(
            Code::SetUpNotWritten,
            format!(
                "`go env -w` has kept {VARIABLE}=`{kept}`, which is not overwritten; to use this program instead, type: {}",
                shells::then(&format!("go env -u {VARIABLE}"), WRITE)
            ),
        ));
    }
    go::keep(&value)?;
    output::print(&format!(
        "go uses {value} from now on. `cachewarden doctor` builds with it; `go env -u {VARIABLE}` takes it back.\n"
    ))?;
    say_what_it_rests_on(&value)
}

/// Says which variables a value needs wherever go uses it, and that the program is within something
/// that is removed as a whole.
fn say_what_it_rests_on(value: &str) -> Result<(), Failure> {
    let program = own_program()?;
    let labels =
        gocacheprog::read(value, &program).map_or(Vec::new(), |in_use| in_use.options.label_env);
    if !labels.is_empty() {
        output::say(&format!(
            "cachewarden: this line passes on the variables {} (--label-env): where one is not set, as in an editor, the policy is told no such label, and may refuse what a build keeps",
            labels.join(", ")
        ));
    }
    if let Some(folder) = environment_around(&program) {
        output::say(&format!(
            "cachewarden: the program is a part of {}: once that is removed, every go command of this user fails until you type: go env -u {VARIABLE}",
            folder.display()
        ));
    }
    Ok(())
}

/// The virtual environment of Python, or the folder of npm's packages, that a program is in. A link
/// there counts as well as the file that it leads to.
fn environment_around(program: &Path) -> Option<PathBuf> {
    let is_one =
        |folder: &&Path| folder.ends_with("node_modules") || folder.join("pyvenv.cfg").is_file();
    let around = |path: &Path| path.ancestors().skip(1).find(is_one).map(Path::to_owned);
    around(program).or_else(|| around(&program.canonicalize().ok()?))
}

fn say_already(value: &str) -> Result<(), Failure> {
    output::print(&format!("go uses {value} already.\n"))?;
    say_what_it_rests_on(value)
}

/// Why nothing is written beside a variable of the environment, and what to type: its options are
/// kept where it starts this program.
fn refused_beside(exported: &str, own: Option<String>) -> Failure {
    let what = format!(
        "the environment variable {VARIABLE} is `{exported}`, which wins over what `go env -w` keeps, so nothing is written"
    );
    let next = match own {
        Some(value) => format!(
            "to have all go commands of this user use that, type: {}",
            shells::keep(&value)
        ),
        None => format!(
            "to use this program instead, type: {}",
            shells::then(&shells::unset(VARIABLE), WRITE)
        ),
    };
    Failure::new(Code::SetUpNotWritten, format!("{what}; {next}"))
}

/// The value that starts this program: with the options of the one that go uses, where that starts
/// it already.
fn wanted() -> Result<String, Failure> {
    let there = gocacheprog::in_force();
    match there.map(|there| renamed(&there)).transpose()?.flatten() {
        Some(value) => {
            check(&value)?;
            Ok(value)
        }
        // Without words none can be wrong.
        None => Ok(gocacheprog::value(&own_program()?, &[]).unwrap_or_default()),
    }
}

/// Fails where a helper that this value starts would refuse it: every go command would fail.
fn check(value: &str) -> Result<(), Failure> {
    gocacheprog::check(value, &own_program()?).map_err(|Advice { problem, remedy }| {
        let text = format!("go uses a {VARIABLE} that is wrong, so nothing is written: {problem}");
        Failure::new(Code::SetUpNotWritten, format!("{text}; {remedy}"))
    })
}

/// The same value with this program's path; `None` where it starts another one.
fn renamed(value: &str) -> Result<Option<String>, Failure> {
    Ok(gocacheprog::renamed(value, &own_program()?))
}

/// This program's path, which can be named.
fn own_program() -> Result<PathBuf, Failure> {
    let program = gocacheprog::own_program()?;
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
    Ok(program)
}
