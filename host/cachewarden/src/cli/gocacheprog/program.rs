//! Programs: the one that a value of GOCACHEPROG names, and this one.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};
use std::process::{Command, Stdio};

use cachewarden_types::Code;

use crate::cli::advice::{Advice, advice};
use crate::cli::failure::{Failure, OrFail};

use super::OWN_NAME;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The path of this program, as the person has named it who started it. Of a link this is the link:
/// where it leads to may be gone after an update.
///
/// # Errors
/// When the system does not know it.
pub(in crate::cli) fn own_program() -> Result<PathBuf, Failure> {
    let file = std::env::current_exe().or_fail(Code::System, || {
        "this program does not know its own path".to_owned()
    })?;
    let named = std::env::args_os().next();
    let named = named.and_then(|name| as_named(&name));
    Ok(named.filter(|named| is_same(named, &file)).unwrap_or(file))
}

/// The absolute path of the name that a shell has started.
fn as_named(name: &OsStr) -> Option<PathBuf> {
    match name.to_str() {
        Some(name) if !name.contains(is_separator) => resolve(name).ok(),
        _ => std::path::absolute(name).ok(),
    }
}

/// The file that go would start; why there is none otherwise.
pub(super) fn resolve(name: &str) -> Result<PathBuf, String> {
    if name.contains(is_separator) {
        let path = Path::new(name);
        return match (path.is_absolute(), system::program_at(path)) {
            (false, _) => {
                Err("is a relative path, and go starts its helper in many folders".into())
            }
            (true, Some(program)) => Ok(program),
            (true, None) if path.exists() => Err("is no program that this user may run".into()),
            (true, None) => Err("does not exist".into()),
        };
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search)
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| system::program_at(&folder.join(name)))
        .ok_or_else(|| "is in no folder of PATH".to_owned())
}

/// Whether two paths lead to one file.
pub(super) fn is_same(program: &Path, own: &Path) -> bool {
    let own = own.canonicalize();
    own.is_ok_and(|own| program.canonicalize().is_ok_and(|program| program == own))
}

/// The program that is started where this path is named.
pub(super) fn program_at(path: &Path) -> Option<PathBuf> {
    system::program_at(path)
}

/// The name of a program, without what the system lets a person leave out.
pub(super) fn program_name(program: &Path) -> String {
    system::name(program.file_name().unwrap_or_default())
}

/// Sees that a program is one of ours, by what it says of itself. One with another name is not
/// started to find out.
pub(super) fn is_cachewarden(program: &Path, own: &Path, value: &str) -> Result<(), Advice> {
    if is_same(program, own) {
        return Ok(());
    }
    if !program_name(program).starts_with(OWN_NAME) {
        return Err(advice(format!("`{value}` is another helper"), ""));
    }
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() && output.stdout.starts_with(b"cachewarden ") => {
            Ok(())
        }
        Ok(_) => {
            let problem = format!(
                "{} does not say that it is cachewarden (--version)",
                program.display()
            );
            Err(advice(problem, ""))
        }
        Err(error) => Err(advice(
            format!("{} cannot be started: {error}", program.display()),
            "",
        )),
    }
}
