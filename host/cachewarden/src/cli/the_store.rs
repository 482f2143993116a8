//! The store that a verb is to look at. Looking makes none.

use std::fs;
use std::io;
use std::path::Path;

use cachewarden_store::Store;
use cachewarden_types::Code;

use super::arguments::StoreOptions;
use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::output;

/// `cachewarden dir`: prints the store's folder, whether or not it is there.
pub(super) fn print_folder(options: &StoreOptions) -> Result<ExitStatus, Failure> {
    output::print(&format!("{}\n", options.folder()?.display()))?;
    Ok(ExitStatus::Success)
}

/// Runs what looks at a store; says so, and gives exit code 1, where there is none: a folder with a
/// mistyped name is not an empty store.
pub(super) fn with_store(
    options: &StoreOptions,
    run: impl FnOnce(&Path) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let folder = options.folder()?;
    if Store::exists(&folder) {
        return run(&folder);
    }
    let why = match fs::metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => "it does not exist".to_owned(),
        Err(error) => error.to_string(),
        Ok(metadata) if !metadata.is_dir() => "it is no folder".to_owned(),
        Ok(_) => "the folder has no file VERSION".to_owned(),
    };
    output::fail(&Failure::new(
        Code::NoStore,
        format!(
            "there is no store in {}: {why}. The first build makes one; --dir names another folder",
            folder.display()
        ),
    ));
    Ok(ExitStatus::Finding)
}
