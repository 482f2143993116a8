//! Where things lie in a store's folder, and which version of that this program knows.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use cachewarden_system::lock_timeout::lock_with_timeout;
use cachewarden_types::{Digest, ScopeName};

use super::error::StoreError;
use super::files;
use super::owner::{self, SharedStore};

/// The layout that this program reads and writes.
pub const LAYOUT_VERSION: u32 = 2;

/// The folder of objects.
pub(super) const OBJECTS: &str = "objects";

/// The folder of scopes.
pub(super) const SCOPES: &str = "scopes";

/// The folder of what was lately read: a table for each scope, see `lookup_cache`.
pub(super) const RECENT: &str = "recent";

/// A line of totals per session.
pub(super) const SESSIONS: &str = "sessions.jsonl";

/// What the trimmer did last, and the lock that keeps it alone.
pub(super) const TRIM: &str = "trim";

const VERSION: &str = "VERSION";

/// What a store's folder holds: folders.
pub(super) const FOLDERS: [&str; 3] = [OBJECTS, SCOPES, RECENT];

/// And files.
pub(super) const FILES: [&str; 4] = [SESSIONS, TRIM, VERSION, TAG_NAME];

/// A number has few digits.
const MAX_VERSION: u64 = 100;

/// Writing a number takes a moment; whoever is at it for longer was stopped, and a build does not wait for that.
const RENEWED_WITHIN: Duration = Duration::from_secs(5);

const TAG_NAME: &str = "CACHEDIR.TAG";

/// The text that makes backup tools pass over a folder (the Cache Directory Tagging Specification).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This folder is the store of cachewarden, a build cache for Go. It can be removed at any time;\n\
    # `cachewarden prune` removes less than all of it.\n";

/// Makes an empty or missing folder a store, or sees that it is one. Nobody else's folder becomes one: a trim would
/// remove files from it.
pub(super) fn prepare(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    make(folder, sharing).map_err(|error| owner::explain(folder, error))
}

fn make(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    let unusable = |source| StoreError::Unusable {
        folder: folder.to_owned(),
        source,
    };
    if folder.to_str().is_none() {
        let why = "its path is not valid UTF-8, and the paths that go is told must be";
        return Err(unusable(io::Error::other(why)));
    }
    files::create_private_folder(folder).map_err(unusable)?;
    owner::check_owner(folder, sharing)?;
    has_no_links(folder)?;
    let found = match read_version(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Asked again after the look: meanwhile another process may have made the store and put something into it.
            if holds_something_else(folder) && !is_store(folder) {
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
                Ok(text) if text.is_empty() && holds_a_store_only(folder) => {
                    renew_version(folder).map_err(unusable)?;
                    read_version(folder)
                }
                found => found,
            }
        }
    };
    is_known(folder, &found.map_err(unusable)?)
}

/// Sees that a folder is a store, and changes nothing in it.
pub(super) fn look(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    look_in(folder, sharing).map_err(|error| owner::explain(folder, error))
}

fn look_in(folder: &Path, sharing: SharedStore) -> Result<(), StoreError> {
    owner::check_owner(folder, sharing)?;
    has_no_links(folder)?;
    owner::check(folder, sharing)?;
    let found = read_version(folder).map_err(|source| StoreError::Unusable {
        folder: folder.to_owned(),
        source,
    })?;
    // One that a crash has blanked is the next session's to write again.
    if found.is_empty() && holds_a_store_only(folder) {
        return Ok(());
    }
    is_known(folder, &found)
}

/// Sees that nothing leads out of the store: everything below it is removed sooner or later.
fn has_no_links(folder: &Path) -> Result<(), StoreError> {
    for path in FOLDERS.map(|name| folder.join(name)) {
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(StoreError::Linked { path });
        }
    }
    Ok(())
}

/// Whether this program knows the layout that a VERSION names.
fn is_known(folder: &Path, found: &str) -> Result<(), StoreError> {
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

/// Whether there is a store in the folder, of whatever layout.
pub(super) fn is_store(folder: &Path) -> bool {
    folder.join(VERSION).exists()
}

/// Writes VERSION again where the store was removed while a session worked in it. Without it the next session would reject
/// what is left as a folder of somebody else.
pub(super) fn mend(folder: &Path) {
    if folder.is_dir() && !is_store(folder) && holds_a_store_only(folder) {
        // Where it cannot be written, nothing was put into it either.
        let _ = initialise(folder);
    }
}

/// Whether there is nothing in the folder that a store does not have.
fn holds_a_store_only(folder: &Path) -> bool {
    const OTHERS: [&str; 2] = [SESSIONS, VERSION];
    files::names_in(folder).iter().all(|name| {
        let mut known = FOLDERS.iter().chain(&OTHERS);
        is_left_by_making(name) || known.any(|known| name == known)
    })
}

/// What VERSION says in a store of this layout.
fn version_text() -> String {
    format!("{LAYOUT_VERSION}\n")
}

/// What VERSION says; nothing where a crash has blanked it.
fn read_version(folder: &Path) -> io::Result<String> {
    // Not a pipe, which would be waited for.
    let (file, _) = files::open_regular(&folder.join(VERSION), false)?;
    version_in(&file)
}

/// Writes a VERSION again that a crash has blanked before the disk had it. In place, in the very file that is blank: one
/// that a newer program has put there meanwhile stays as it is. And under a lock: of two programs that find it blank,
/// whichever comes second sees what the first one wrote.
fn renew_version(folder: &Path) -> io::Result<()> {
    let (file, _) = files::open_regular(&folder.join(VERSION), true)?;
    let Some(file) = lock_with_timeout(file, RENEWED_WITHIN)? else {
        return Err(io::Error::other(
            "its file VERSION is blank, and another process holds a lock on that and does not write it",
        ));
    };
    if version_in(&file)?.is_empty() {
        let text = version_text();
        file.write_all_at(text.as_bytes(), 0)?;
        file.set_len(text.len() as u64)?;
        file.sync_all()?;
    }
    Ok(())
}

fn version_in(file: &File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_VERSION).read_to_string(&mut text)?;
    // What a crash has blanked are zeros.
    let version =
        text.trim_matches(|character: char| character == '\0' || character.is_whitespace());
    Ok(version.to_owned())
}

/// Whether there are files that the making of a store does not leave behind, wherever it is interrupted.
fn holds_something_else(folder: &Path) -> bool {
    !files::names_in(folder).iter().all(is_left_by_making)
}

fn is_left_by_making(name: &OsString) -> bool {
    files::is_temporary(name) || name == TAG_NAME || name == TRIM
}

fn initialise(folder: &Path) -> io::Result<()> {
    // The version last: where it stands, all the rest does. Of many that begin at once, each writes the same.
    create_if_missing(folder, TAG_NAME, TAG)?;
    // A new store has nothing to trim for a day.
    create_if_missing(folder, TRIM, "")?;
    create_if_missing(folder, VERSION, &version_text())
}

fn create_if_missing(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    match synced(folder, text)?.persist_noclobber(folder.join(name)) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// A file to be named that the disk has. Once for a store: a power failure that left the version empty would shut it.
fn synced(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The file of an object.
pub(super) fn object_path(folder: &Path, output: &Digest) -> PathBuf {
    folder.join(OBJECTS).join(output.file_path().as_str())
}

/// The table of what was lately read of a scope.
pub(super) fn recent_path(folder: &Path, scope: &ScopeName) -> PathBuf {
    folder.join(RECENT).join(scope.folder())
}

/// The folder of a scope's entries.
pub(super) fn scope_path(folder: &Path, scope: &ScopeName) -> PathBuf {
    folder.join(SCOPES).join(scope.folder())
}
