//! The layout of a store's folder, and its version.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use cachewarden_system::file_at::write_all_at;
use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_types::{Digest, ScopeName};

use super::base::BaseId;
use super::error::StoreError;
use super::files;
use super::owner::{self, SharedStore};

/// The version of the layout that this program reads and writes.
pub const LAYOUT_VERSION: u32 = 2;

/// The folder of objects.
pub(super) const OBJECTS: &str = "objects";

/// The folder of scopes.
pub(super) const SCOPES: &str = "scopes";

/// The folder of the lookup cache: a table for each scope, see `lookup_cache`.
pub(super) const RECENT: &str = "recent";

/// The folder of records of who has put the same bytes, see `witnesses`.
pub(super) const WITNESSES: &str = "witnesses";

/// The folder of what was not sent to remote tiers yet, see `outbox`.
pub(super) const OUTBOX: &str = "outbox";
/// The folder of what is kept about tiers, see `tier_state`.
pub(super) const TIERS: &str = "tiers";

/// The file with a line of totals for each session.
pub(super) const SESSIONS: &str = "sessions.jsonl";

/// The file with the state of the last trim; a running trimmer holds a lock on it.
pub(super) const TRIM: &str = "trim";

/// The file that the daemon which owns the store has locked.
pub(super) const DAEMON: &str = "daemon";

const VERSION: &str = "VERSION";

/// The folder of files that are locked for folders, on Windows, which locks no folders. A trim
/// removes those that nobody has open.
pub(super) const LOCKS: &str = "locks";

/// The folders in a store's folder.
#[cfg(unix)]
pub(super) const FOLDERS: [&str; 6] = [OBJECTS, SCOPES, RECENT, WITNESSES, OUTBOX, TIERS];

/// The folders in a store's folder. There is neither a lookup cache nor a daemon.
#[cfg(windows)]
pub(super) const FOLDERS: [&str; 5] = [OBJECTS, SCOPES, OUTBOX, TIERS, LOCKS];

/// The files in a store's folder.
pub(super) const FILES: [&str; 5] = [SESSIONS, TRIM, DAEMON, VERSION, TAG_NAME];

/// The most bytes that are read of VERSION, which is a number of a few digits.
const MAX_VERSION: u64 = 100;

/// How long to wait for the lock on a blank VERSION. Writing a number takes a moment; a process
/// that holds the lock for longer was stopped, and the build does not wait for it.
const VERSION_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

const TAG_NAME: &str = "CACHEDIR.TAG";

/// The text that makes backup tools skip a folder (the Cache Directory Tagging Specification).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This folder is the store of cachewarden, a build cache for Go. It can be removed at any time;\n\
    # `cachewarden prune` removes less than all of it.\n";

/// Opens a store, or makes one of an empty or missing folder. A folder that holds other files is
/// refused: a trim would remove files from it.
pub(super) fn prepare(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    open_or_initialise(folder, sharing).map_err(|error| owner::explain(folder, error))
}

fn open_or_initialise(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    let unusable = |source| StoreError::Unusable {
        folder: folder.to_owned(),
        source,
    };
    if folder.to_str().is_none() {
        let why = "its path is not valid UTF-8, and the paths that go is told must be";
        return Err(unusable(io::Error::other(why)));
    }
    owner::check_place(folder, sharing)?;
    files::create_private_folder(folder).map_err(unusable)?;
    owner::check_owner(folder, sharing)?;
    refuse_links(folder)?;
    let found = match read_version(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Checked again last: meanwhile another process may have made the store and put
            // something into it.
            if contains_other_files(folder) && !is_store(folder) {
                return Err(StoreError::NotAStore {
                    folder: folder.to_owned(),
                });
            }
            owner::check(folder, sharing)?;
            initialise(folder).map_err(unusable)?;
            read_version(folder)
        }
        found => {
            owner::check(folder, sharing)?;
            match found {
                Ok(text) if text.is_empty() && contains_only_store_files(folder) => {
                    rewrite_blank_version(folder).map_err(unusable)?;
                    read_version(folder)
                }
                found => found,
            }
        }
    };
    check_version(folder, &found.map_err(unusable)?)
}

/// Checks that a folder is a store, and changes nothing in it.
pub(super) fn check_read_only(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    try_check_read_only(folder, sharing).map_err(|error| owner::explain(folder, error))
}

fn try_check_read_only(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    owner::check_owner(folder, sharing)?;
    refuse_links(folder)?;
    owner::check(folder, sharing)?;
    let found = read_version(folder).map_err(|source| StoreError::Unusable {
        folder: folder.to_owned(),
        source,
    })?;
    // A VERSION that a crash has blanked is written again by the next session.
    if found.is_empty() && contains_only_store_files(folder) {
        return Ok(());
    }
    check_version(folder, &found)
}

/// Refuses a store with a link in the place of one of its folders: the trimmer would remove files
/// from where it leads.
fn refuse_links(folder: &Path) -> Result<(), StoreError> {
    for path in FOLDERS.map(|name| folder.join(name)) {
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(StoreError::Linked { path });
        }
    }
    Ok(())
}

/// Refuses a layout that this program does not know.
fn check_version(folder: &Path, found: &str) -> Result<(), StoreError> {
    let file = folder.join(VERSION);
    if found.parse() == Ok(LAYOUT_VERSION) {
        return Ok(());
    }
    const SHOWN: usize = 20;
    Err(StoreError::OtherLayout {
        file,
        found: found
            .chars()
            .take(SHOWN)
            .flat_map(char::escape_default)
            .collect(),
    })
}

/// Whether the folder is a store, of any layout.
pub(super) fn is_store(folder: &Path) -> bool {
    folder.join(VERSION).exists()
}

/// Whether it cannot be seen what the folder has.
pub(super) fn is_closed(folder: &Path) -> bool {
    let found = folder.join(VERSION).metadata();
    found.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// Writes VERSION again if the store was removed while a session used it. Without it the next
/// session would reject what is left as another user's folder.
pub(super) fn restore_version_if_orphaned(folder: &Path) {
    if folder.is_dir() && !is_store(folder) && contains_only_store_files(folder) {
        // If it cannot be written, no object was put into it either.
        let _ = initialise(folder);
    }
}

/// Whether the folder contains only files that a store has.
fn contains_only_store_files(folder: &Path) -> bool {
    const OTHERS: [&str; 3] = [SESSIONS, DAEMON, VERSION];
    files::names_in(folder).iter().all(|name| {
        let mut known = FOLDERS.iter().chain(&OTHERS);
        is_init_leftover(name) || known.any(|known| name == known)
    })
}

/// The content of VERSION in a store of this layout.
fn version_text() -> String {
    format!("{LAYOUT_VERSION}\n")
}

/// The content of VERSION; empty where a crash has blanked it.
fn read_version(folder: &Path) -> io::Result<String> {
    // This does not open a pipe, which would block.
    let (file, _) = files::open_regular(&folder.join(VERSION), false)?;
    version_in(&file)
}

/// Writes a VERSION again that a crash has blanked before it was on the disk. It writes into the
/// same file, so that a VERSION of a newer program stays as it is; and under a lock, so that the
/// second of two programs sees what the first has written.
fn rewrite_blank_version(folder: &Path) -> io::Result<()> {
    let (file, _) = files::open_regular(&folder.join(VERSION), true)?;
    let Some(file) = lock_with_timeout(file, VERSION_LOCK_TIMEOUT)? else {
        return Err(io::Error::other(
            "its file VERSION is blank, and another process holds a lock on that and does not write it",
        ));
    };
    if version_in(&file)?.is_empty() {
        let text = version_text();
        write_all_at(&file, text.as_bytes(), 0)?;
        file.set_len(text.len() as u64)?;
        file.sync_all()?;
    }
    Ok(())
}

fn version_in(file: &File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_VERSION).read_to_string(&mut text)?;
    // A crash can leave zeros.
    let version =
        text.trim_matches(|character: char| character == '\0' || character.is_whitespace());
    Ok(version.to_owned())
}

/// Whether the folder contains files other than those that an interrupted initialisation leaves.
fn contains_other_files(folder: &Path) -> bool {
    !files::names_in(folder).iter().all(is_init_leftover)
}

fn is_init_leftover(name: &OsString) -> bool {
    files::is_temporary(name) || name == TAG_NAME || name == TRIM
}

fn initialise(folder: &Path) -> io::Result<()> {
    // VERSION is written last: where it is, the rest is complete. Processes that begin at once
    // write the same.
    create_if_missing(folder, TAG_NAME, TAG)?;
    // A new file `trim`: nothing is due for a day.
    create_if_missing(folder, TRIM, "")?;
    create_if_missing(folder, VERSION, &version_text())
}

fn create_if_missing(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    match new_synced_file(folder, text)?.persist_noclobber(folder.join(name)) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// A new file with this text, synced to the disk. This happens once for a store: after a power
/// failure, an empty VERSION would make the store unusable.
fn new_synced_file(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The path of the file that is locked for a folder, where the system locks no folders. It is in the
/// store that the folder is in; the private folder has its own. The shards of all scopes have the
/// same files, since scopes come and go, and such a file stays until a trim.
pub(super) fn lock_path(folder: &Path) -> PathBuf {
    let root = folder.ancestors().skip(1).find(|above| is_store(above));
    let root = root.or(folder.parent()).unwrap_or(folder);
    let below = folder.strip_prefix(root).unwrap_or(folder);
    let mut names = below.components().map(Component::as_os_str);
    let mut name = names.next().unwrap_or_default().to_owned();
    if let Some(last) = names.next_back() {
        name.push("-");
        name.push(last);
    }
    root.join(LOCKS).join(name)
}

/// The path of an object.
pub(super) fn object_path(folder: &Path, output: &Digest) -> PathBuf {
    folder.join(OBJECTS).join(output.file_path().as_str())
}

/// The path of a scope's table in the lookup cache.
pub(super) fn recent_path(folder: &Path, scope: &ScopeName) -> PathBuf {
    folder.join(RECENT).join(scope.folder())
}

/// What the name of a table begins with that is of a scope of a base; no scope's name begins so.
const BASE_TABLE: &str = ".base-";

/// The path of the table, in a store's lookup cache, of a scope of a base.
pub(super) fn base_table_path(folder: &Path, base: BaseId, scope: &ScopeName) -> PathBuf {
    let name = format!("{BASE_TABLE}{base}-{}", scope.folder());
    folder.join(RECENT).join(name)
}

/// The scope of the table of this name, of the store itself or of a base; `None` where it is no
/// table's name.
pub(super) fn scope_of_table(name: &OsStr) -> Option<ScopeName> {
    let name = name.to_str()?;
    let folder = match name.strip_prefix(BASE_TABLE) {
        Some(rest) => {
            let (base, folder) = rest.split_once('-')?;
            BaseId::is_one(base).then_some(folder)?
        }
        None => name,
    };
    ScopeName::from_folder(folder)
}

/// The path of the folder with a scope's entries.
pub(super) fn scope_path(folder: &Path, scope: &ScopeName) -> PathBuf {
    folder.join(SCOPES).join(scope.folder())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shards_of_scopes_share_the_file_that_is_locked() {
        let root = tempfile::tempdir().unwrap();
        let store = root.path().join("store");
        fs::create_dir(&store).unwrap();
        fs::write(store.join(VERSION), version_text()).unwrap();
        for (folder, expected) in [
            ("store/objects/ab", "store/locks/objects-ab"),
            ("store/scopes/main/ab", "store/locks/scopes-ab"),
            ("store/scopes/pr-1/ab", "store/locks/scopes-ab"),
            ("store/outbox/tier", "store/locks/outbox-tier"),
            ("store/tiers/tier", "store/locks/tiers-tier"),
            ("store/sessions.jsonl", "store/locks/sessions.jsonl"),
            ("private/ab", "private/locks/ab"),
        ] {
            let path = |path: &str| root.path().join(path);
            assert_eq!(lock_path(&path(folder)), path(expected));
        }
    }
}
