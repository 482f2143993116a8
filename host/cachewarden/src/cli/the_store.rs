//! The store that a verb is about. Looking makes none.
//!
//! It is the store that builds use: what is typed wins, then what GOCACHEPROG starts counts with
//! its options, variables and file, and only without one this process's own variables and file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cachewarden_store::{SharedStore, Store};
use cachewarden_types::Code;

use super::arguments::{Origins, RemoteOptions, StoreOptions};
use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::gocacheprog::{self, InUse, NoStore};
use super::output;
use super::paths::absolute_in_helper_mode;

/// What names a store that nothing else names.
const DEFAULT: &str = "the default";

/// What a verb does with a store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// It changes nothing.
    Look,
    /// It removes something, which must not be of another store than is meant.
    Remove,
}

/// The store that a verb is about.
pub(super) struct VerbStore {
    pub(super) folder: PathBuf,
    pub(super) sharing: SharedStore,
    /// What names it, for a person: an option, a variable, a file, GOCACHEPROG.
    pub(super) named_by: String,
    /// Whether builds use a daemon's store, and not this one.
    is_beside_daemon: bool,
}

/// `cachewarden dir`: prints the store's folder, whether or not it is there.
pub(super) fn print_folder(
    options: &StoreOptions,
    origins: &Origins,
) -> Result<ExitStatus, Failure> {
    let store = find(options, origins, Work::Look)?;
    output::print(&format!("{}\n", store.folder.display()))?;
    output::say(&format!("cachewarden: named by {}", store.named_by));
    Ok(ExitStatus::Success)
}

/// The remote tiers that a verb is about: those that are typed, then those of the helper in
/// GOCACHEPROG, and only without any those of this process's own variables and file.
pub(super) fn remote_options(options: &RemoteOptions, origins: &Origins) -> RemoteOptions {
    let is_typed = !options.remote.is_empty() && origins.of_option("remote").is_none();
    let in_use = match is_typed {
        true => None,
        false => gocacheprog::in_force()
            .and_then(|value| gocacheprog::by_its_words(&value, origins.no_env).ok()),
    };
    match in_use {
        Some(in_use) if !in_use.options.tiers.remote.is_empty() => in_use.options.tiers,
        _ => options.clone(),
    }
}

/// Runs what looks at a store; says so, and gives exit code 1, where there is none: a folder with a
/// mistyped name is not an empty store.
pub(super) fn with_store(
    options: &StoreOptions,
    origins: &Origins,
    work: Work,
    run: impl FnOnce(&VerbStore) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let store = find(options, origins, work)?;
    if Store::exists(&store.folder) {
        return run(&store);
    }
    output::fail(&Failure::new(Code::NoStore, none_there(&store)));
    Ok(ExitStatus::Finding)
}

/// Why there is no store, and the next step.
fn none_there(store: &VerbStore) -> String {
    let (why, mut next) = match fs::metadata(&store.folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => (
            "the folder does not exist".to_owned(),
            "The first build makes one",
        ),
        Err(error) => (error.to_string(), ""),
        Ok(metadata) if !metadata.is_dir() => ("this is no folder".to_owned(), ""),
        Ok(_) if is_empty(&store.folder) => (
            "the folder has no file VERSION, and nothing else".to_owned(),
            "The first build makes one",
        ),
        Ok(_) => (
            "the folder has no file VERSION".to_owned(),
            "No build makes one among other files",
        ),
    };
    if store.is_beside_daemon {
        next = "For the daemon's store ask `cachewarden status`";
    }
    let next = [next, "--dir names another folder"];
    let next: Vec<_> = next.into_iter().filter(|text| !text.is_empty()).collect();
    format!(
        "there is no store in {}, named by {}: {why}. {}",
        store.folder.display(),
        store.named_by,
        next.join("; ")
    )
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut files| files.next().is_none())
}

fn find(options: &StoreOptions, origins: &Origins, work: Work) -> Result<VerbStore, Failure> {
    let of_dir = origins.of_option("dir");
    let is_typed = options.dir.is_some() && of_dir.is_none();
    let names_a_file = origins.file.as_ref().is_some_and(|file| file.is_typed);
    let named_by = match of_dir {
        _ if is_typed => "--dir".to_owned(),
        Some(source) => source.to_string(),
        None => DEFAULT.to_owned(),
    };
    let of_this_process = |named_by| {
        Ok(VerbStore {
            folder: options.folder()?,
            sharing: options.sharing(),
            named_by,
            is_beside_daemon: false,
        })
    };
    if is_typed || names_a_file {
        return of_this_process(named_by);
    }
    let Some(value) = gocacheprog::in_force() else {
        return of_this_process(named_by);
    };
    match gocacheprog::by_its_words(&value, origins.no_env) {
        Ok(in_use) => of_helper(in_use, options),
        Err(NoStore::OtherHelper) => of_this_process(format!(
            "{named_by}; GOCACHEPROG names another helper: `{value}`"
        )),
        Err(NoStore::OfDaemon) => Ok(VerbStore {
            is_beside_daemon: true,
            ..of_this_process(format!(
                "{named_by}; GOCACHEPROG connects to a daemon, which has a store of its own"
            ))?
        }),
        Err(NoStore::Mistake(problem)) if work == Work::Remove => Err(Failure::new(
            Code::CommandLine,
            format!(
                "GOCACHEPROG has a mistake ({problem}), so it is not known which store is meant: correct it, or name the store with --dir"
            ),
        )),
        Err(NoStore::Mistake(problem)) => of_this_process(format!(
            "{named_by}; GOCACHEPROG has a mistake, so builds do not use this store: {problem}"
        )),
    }
}

/// The store of the helper that go starts.
fn of_helper(in_use: InUse, options: &StoreOptions) -> Result<VerbStore, Failure> {
    let InUse {
        options: helper,
        origins,
        ..
    } = in_use;
    let named_by = match (origins.of_option("dir"), &helper.store.dir) {
        (Some(source), _) => format!("{source}, which the helper in GOCACHEPROG reads"),
        (None, Some(folder)) => {
            absolute_in_helper_mode("--dir (in GOCACHEPROG)", folder)?;
            "GOCACHEPROG".to_owned()
        }
        (None, None) => format!("{DEFAULT}, which the helper in GOCACHEPROG uses"),
    };
    let store = StoreOptions {
        allow_shared_store: options.allow_shared_store || helper.store.allow_shared_store,
        ..helper.store
    };
    Ok(VerbStore {
        folder: store.folder()?,
        sharing: store.sharing(),
        named_by,
        is_beside_daemon: false,
    })
}
