//! Eyes and hands for files: what a folder holds, how old a file is, and ways to spoil one.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::digest::{Digest, sha256};

/// One hour, the unit of most of the store's promises.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Every file and link below a folder, in order; but not a store's tables of what was lately read,
/// which come and go.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(items) = fs::read_dir(folder) else {
        return files;
    };
    for item in items {
        let item = item.expect("a folder can be read");
        if item.file_type().expect("its type").is_dir() {
            files.extend(files_below(&item.path()));
        } else if !is_recent(&item.path()) {
            files.push(item.path());
        }
    }
    files.sort();
    files
}

/// A folder and every folder below it.
pub(crate) fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    for item in fs::read_dir(folder).expect("a folder can be read") {
        let path = item.expect("an item").path();
        if path.is_dir() {
            folders.extend(folders_below(&path));
        }
    }
    folders
}

/// Sets the permission bits.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode can be set");
}

/// A folder's files with their modes and what they hash to: equal before and after means untouched.
pub(crate) fn listing(folder: &Path) -> BTreeMap<PathBuf, (u32, Digest)> {
    let describe = |path: PathBuf| {
        let content = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.clone(), (mode(&path), sha256(&content)))
    };
    files_below(folder).into_iter().map(describe).collect()
}

/// All that is below a folder: as [`listing`], and empty folders, too.
pub(crate) fn everything_below(folder: &Path) -> (Vec<PathBuf>, BTreeMap<PathBuf, (u32, Digest)>) {
    let mut folders = folders_below(folder);
    folders.sort();
    (folders, listing(folder))
}

/// The permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    metadata(path).mode() & 0o7777
}

/// When the file was last touched.
pub(crate) fn modified(path: &Path) -> SystemTime {
    metadata(path).modified().expect("a modification time")
}

/// When the file, or what a folder holds, last changed in whatever way.
pub(crate) fn changed(path: &Path) -> SystemTime {
    let metadata = metadata(path);
    let seconds = u64::try_from(metadata.ctime()).expect("after 1970");
    let nanoseconds = u32::try_from(metadata.ctime_nsec()).expect("less than a second");
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
}

/// Which file it is, whatever its path is called.
pub(crate) fn identity(path: &Path) -> (u64, u64) {
    let metadata = metadata(path);
    (metadata.dev(), metadata.ino())
}

fn metadata(path: &Path) -> fs::Metadata {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Makes a file look as if it had not been touched for so long.
pub(crate) fn make_older(path: &Path, age: Duration) {
    set_time(path, SystemTime::now() - age);
}

/// Makes a file look as if it had last been touched at this time.
pub(crate) fn set_time(path: &Path, time: SystemTime) {
    set_time_if_there(path, time).expect("its time can be set");
}

/// The same, of a file that somebody else may remove meanwhile.
pub(crate) fn set_time_if_there(path: &Path, time: SystemTime) -> io::Result<()> {
    File::open(path)?.set_times(FileTimes::new().set_modified(time))?;
    empty_recent(path);
    Ok(())
}

/// Replaces a file's content behind the store's back; its mode and its age stay.
pub(crate) fn overwrite(path: &Path, content: &[u8]) {
    let (mode, modified) = (mode(path), modified(path));
    set_mode(path, 0o644);
    fs::write(path, content).expect("it can be written");
    set_time(path, modified);
    set_mode(path, mode);
}

/// Removes an object behind the store's back, long after it was last used.
pub(crate) fn lose(object: &Path) {
    fs::remove_file(object).expect("it can be removed");
    empty_recent(object);
}

/// What is in a folder; nothing where there is none.
fn items_of(folder: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(folder).into_iter().flatten();
    items
        .map(|item| item.expect("a folder can be read").path())
        .collect()
}

/// Lets a store forget what it has lately read of the scope that an entry is in, or for an object
/// of all scopes. An hour, a crash or a bad disk does to a file what tests do in a moment and in
/// place; the store would not look for it.
fn empty_recent(path: &Path) {
    let Some(folder) = path.ancestors().nth(2) else {
        return;
    };
    let store = folder.ancestors().nth(2).unwrap_or(folder);
    let tables = match (folder.ends_with("objects"), folder.file_name()) {
        (false, Some(scope)) => vec![store.join("recent").join(scope)],
        _ => items_of(&folder.with_file_name("recent")),
    };
    for table in tables.iter().filter(|table| table.is_file()) {
        fs::write(table, "").expect("it can be emptied");
    }
}

/// Whether this is the place of a table of what was lately read of a scope.
fn is_recent(path: &Path) -> bool {
    path.parent()
        .is_some_and(|folder| folder.ends_with("recent"))
}

/// Replaces a file in one step, as another program does: whoever reads it meanwhile sees what was
/// there, or all of this.
pub(crate) fn replace(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("a folder");
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o644))
        .prefix(".new-")
        .tempfile_in(folder)
        .expect("a file beside it");
    file.write_all(content).expect("it can be written");
    file.persist(path).expect("it can be replaced");
}

/// Changes one byte in the middle of a file, as a bad disk does.
pub(crate) fn damage(path: &Path) {
    let mut content = fs::read(path).expect("it can be read");
    let middle = content.len() / 2;
    content[middle] ^= 0x55;
    overwrite(path, &content);
}
