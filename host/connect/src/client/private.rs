//! The private cache: a plain helper, with a store of this user's own, takes the place of this
//! process.
//!
//! Its store is neither the daemon's nor the one that `cachewarden` uses where no daemon is named.
//! It stays for the user's next go command, and the helper trims it as any store. Whoever shares
//! the account shares it, as they share `$GOCACHE`.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};

use super::{ClientError, Options};

/// The helper.
const PROGRAM: &str = "cachewarden";

/// Its store, in the user's cache folder.
const STORE: &str = "cachewarden-private";

/// The helper with its store.
///
/// # Errors
/// When there is no such program, or no folder for the store.
pub(super) fn helper(options: &Options) -> Result<Command, ClientError> {
    let program = program().ok_or_else(|| {
        ClientError::NoPrivateCache("the program cachewarden is neither beside this one nor in PATH; install it there, or start the daemon".to_owned())
    })?;
    let folder = folder(options).ok_or_else(|| {
        ClientError::NoPrivateCache(
            "no folder is known for it (HOME is not set); name one with --private-dir".to_owned(),
        )
    })?;
    let mut command = Command::new(program);
    // They are meant for this process; a store's or a policy's could be among them.
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"CACHEWARDEN_") {
            command.env_remove(name);
        }
    }
    command.arg("--dir").arg(folder);
    if options.verbose {
        command.arg("--verbose");
    }
    Ok(command)
}

/// Becomes the helper; returns only if that fails. Stdin and stdout are as go gave them.
pub(super) fn become_helper(mut helper: Command) -> ClientError {
    let error = helper.exec();
    let program = Path::new(helper.get_program()).display();
    ClientError::NoPrivateCache(format!("cannot start {program}: {error}"))
}

/// The helper's file: beside this program, or in PATH.
fn program() -> Option<PathBuf> {
    let own = env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = beside
        .map(Path::to_owned)
        .into_iter()
        .chain(env::split_paths(&path).filter(|folder| folder.is_absolute()));
    folders.find_map(|folder| {
        let file = folder.join(PROGRAM);
        let is_program = file.is_file() && access(&file, Access::EXEC_OK).is_ok();
        is_program.then_some(file)
    })
}

fn folder(options: &Options) -> Option<PathBuf> {
    options.private_dir.clone().or_else(|| {
        let folder =
            |value: Option<OsString>| value.map(PathBuf::from).filter(|it| it.is_absolute());
        let of_user = folder(env::var_os("XDG_CACHE_HOME"))
            .or_else(|| Some(folder(env::var_os("HOME"))?.join(".cache")))
            .or_else(|| folder(env::var_os("GOCACHE")));
        Some(of_user?.join(STORE))
    })
}
