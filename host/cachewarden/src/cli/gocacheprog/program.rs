//! Programs: the one that a value of GOCACHEPROG names, and this one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::Access;

use cachewarden_types::Code;

use crate::cli::advice::{Advice, advice};
use crate::cli::failure::{Failure, OrFail};

use super::OWN_NAME;

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
        Some(name) if !name.contains('/') => resolve(name).ok(),
        _ => std::path::absolute(name).ok(),
    }
}

/// The file that go would start; why there is none otherwise.
pub(super) fn resolve(name: &str) -> Result<PathBuf, String> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return match (path.is_absolute(), path.exists(), is_program(&path)) {
            (false, _, _) => {
                Err("is a relative path, and go starts its helper in many folders".into())
            }
            (true, false, _) => Err("does not exist".into()),
            (true, true, false) => Err("is no program that this user may run".into()),
            (true, true, true) => Ok(path),
        };
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
        .ok_or_else(|| "is in no folder of PATH".to_owned())
}

/// Whether two paths lead to one file.
pub(super) fn is_same(program: &Path, own: &Path) -> bool {
    let own = own.canonicalize();
    own.is_ok_and(|own| program.canonicalize().is_ok_and(|program| program == own))
}

pub(super) fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

/// Sees that a program is one of ours, by what it says of itself. One with another name is not
/// started to find out.
pub(super) fn is_cachewarden(program: &Path, own: &Path, value: &str) -> Result<(), Advice> {
    if is_same(program, own) {
        return Ok(());
    }
    let name = program.file_name().unwrap_or_default();
    if !name.to_string_lossy().starts_with(OWN_NAME) {
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
