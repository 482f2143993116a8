//! The names of programs. cmd/go runs a program at the path that it is told, and what a program
//! prints or does may depend on its name. So the object of a program may have a second path,
//! `objects/ab/<output>-program/<name>`: a hard link, which takes no room of its own.
//!
//! What always holds: a name is only told while it leads to the very file of the object, whose
//! bytes were hashed. A name whose object is gone is removed by the next trim.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};

use cachewarden_system::file_status::{self, Kind};

use super::files;

/// What the folder of a program's name is called, behind the digest.
const SUFFIX: &str = "-program";

/// Gives the program with this object the name, unless it has one.
///
/// # Errors
/// When the folder cannot be written, or its file system has no hard links.
pub(super) fn give(object: &Path, name: &str) -> io::Result<()> {
    if of(object).is_some() {
        return Ok(());
    }
    let folder = folder_of(object);
    files::create_private_folder(&folder)?;
    // What else is there was the name of an object that was replaced since.
    remove_names(&folder);
    fs::hard_link(object, folder.join(name))
}

/// The name of the program with this object, if it has one.
fn of(object: &Path) -> Option<String> {
    let folder = folder_of(object);
    // A link could lead anywhere.
    let metadata = fs::symlink_metadata(&folder).ok()?;
    let [name] = &files::names_in(&folder)[..] else {
        return None;
    };
    let id = |path: &Path| {
        let status = file_status::at(path).ok()?;
        (status.kind == Kind::File).then_some(status.id)
    };
    let is_the_object = id(object)? == id(&folder.join(name))?;
    (metadata.is_dir() && is_the_object).then(|| name.to_str().map(str::to_owned))?
}

/// The path under which the program with this object is run, where it has a name; `path` is that of
/// the object as a client knows it, and is right without a name.
pub(super) fn path_of(object: &Path, path: String) -> String {
    match of(object) {
        Some(name) => self::path(&path, &name),
        None => path,
    }
}

/// The path under which a program with this name is run, by the path of its object.
fn path(object: &str, name: &str) -> String {
    [object, SUFFIX, MAIN_SEPARATOR_STR, name].concat()
}

/// Whether this is the name of a folder that this program makes for a name.
pub(super) fn is_folder(name: &OsStr) -> bool {
    object_of(name).is_some()
}

/// Removes the names in a shard whose objects are gone.
pub(super) fn trim(shard: &Path) {
    for name in files::names_in(shard) {
        let Some(object) = object_of(&name) else {
            continue;
        };
        let is_gone = fs::symlink_metadata(shard.join(object))
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let folder = shard.join(&name);
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir());
        if is_gone && is_folder {
            remove_names(&folder);
            // This fails where a session has just given the program its name again.
            let _ = fs::remove_dir(&folder);
        }
    }
}

fn remove_names(folder: &Path) {
    for name in files::names_in(folder) {
        // One that cannot be removed is not told, and the next trim tries again.
        let _ = fs::remove_file(folder.join(name));
    }
}

fn folder_of(object: &Path) -> PathBuf {
    let mut folder = OsString::from(object);
    folder.push(SUFFIX);
    folder.into()
}

/// The name of the object to which a folder belongs.
fn object_of(folder: &OsStr) -> Option<&str> {
    let object = folder.to_str()?.strip_suffix(SUFFIX)?;
    files::digest_of(OsStr::new(object)).map(|_| object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_store::TestStore;
    #[cfg(unix)]
    use std::os::unix::fs::symlink;

    #[test]
    #[cfg(unix)] // Links: wine makes none.
    fn a_name_is_told_while_it_leads_to_the_object() {
        let test = TestStore::new();
        let output = test.put_object(b"a program");
        let object = crate::layout::object_path(&test.folder(), &output);
        assert_eq!(of(&object), None);
        give(&object, "tool").unwrap();
        give(&object, "another").unwrap();
        assert_eq!(of(&object).as_deref(), Some("tool"), "the first counts");

        // Another file in its place, of the same bytes or not.
        let named = folder_of(&object).join("tool");
        for replace in [
            |path: &Path| fs::write(path, "a program").unwrap(),
            |path: &Path| symlink("/bin/sh", path).unwrap(),
            |path: &Path| fs::create_dir(path).unwrap(),
        ] {
            fs::remove_file(&named).unwrap();
            replace(&named);
            assert_eq!(of(&object), None);
            if named.is_dir() {
                fs::remove_dir(&named).unwrap();
            }
            give(&object, "tool").unwrap();
            assert_eq!(of(&object).as_deref(), Some("tool"));
        }

        // A second name, and a link in place of the folder.
        fs::hard_link(&object, folder_of(&object).join("second")).unwrap();
        assert_eq!(of(&object), None);
        let elsewhere = test.folder().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::hard_link(&object, elsewhere.join("tool")).unwrap();
        fs::remove_dir_all(folder_of(&object)).unwrap();
        symlink(&elsewhere, folder_of(&object)).unwrap();
        assert_eq!(of(&object), None);
    }

    #[test]
    fn a_trim_removes_names_whose_objects_are_gone_and_no_others() {
        let test = TestStore::new();
        let [kept, gone] = [&b"kept"[..], b"gone"].map(|bytes| {
            let output = test.put_object(bytes);
            let object = crate::layout::object_path(&test.folder(), &output);
            give(&object, "tool").unwrap();
            object
        });
        fs::remove_file(&gone).unwrap();
        let foreign = gone.with_file_name("notes-program");
        fs::create_dir(&foreign).unwrap();
        for object in [&kept, &gone] {
            trim(object.parent().unwrap());
        }
        assert!(of(&kept).is_some());
        assert!(!folder_of(&gone).exists());
        assert!(foreign.exists(), "nothing that this program makes");
    }
}
