//! The names of programs. cmd/go runs a program at the path that it is told, and what a program
//! prints or does may depend on its name. So the object of a program may have a second path in each
//! scope, `objects/ab/<output>-program/<scope>/<name>`: a hard link, which takes no room of its own.
//!
//! What always holds: a name is only told to sessions that got the program from the same scope, and
//! while it leads to the very file of the object, whose bytes were hashed. A name whose object is
//! gone is removed by the next trim.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};

use cachewarden_system::file_status::{self, Kind};
use cachewarden_types::ScopeName;

use super::files;

/// What the folder of a program's names is called, behind the digest.
const SUFFIX: &str = "-program";

/// Gives the program with this object the name in a scope, unless it has one there.
///
/// # Errors
/// When the folder cannot be written, or its file system has no hard links.
pub(super) fn give(object: &Path, scope: &ScopeName, name: &str) -> io::Result<()> {
    if of(object, scope).is_some() {
        return Ok(());
    }
    let names = folder_of(object);
    let folder = names.join(scope.folder());
    files::create_private_folder(&names)?;
    files::create_private_folder(&folder)?;
    // What else is there was the name of an object that was replaced since.
    remove_files(&folder);
    fs::hard_link(object, folder.join(name))
}

/// The name of the program with this object in a scope, if it has one there.
fn of(object: &Path, scope: &ScopeName) -> Option<String> {
    let names = folder_of(object);
    let folder = names.join(scope.folder());
    // A link could lead anywhere.
    if !is_folder_itself(&names) || !is_folder_itself(&folder) {
        return None;
    }
    let [name] = &files::names_in(&folder)[..] else {
        return None;
    };
    let id = |path: &Path| {
        let status = file_status::at(path).ok()?;
        (status.kind == Kind::File).then_some(status.id)
    };
    let is_the_object = id(object)? == id(&folder.join(name))?;
    is_the_object.then(|| name.to_str().map(str::to_owned))?
}

/// The path under which the program with this object is run by those who got it from a scope, where
/// it has a name there; `path` is that of the object as a client knows it, and is right without a
/// name.
pub(super) fn path_of(object: &Path, scope: &ScopeName, path: String) -> String {
    let Some(name) = of(object, scope) else {
        return path;
    };
    let [slash, scope] = [MAIN_SEPARATOR_STR, &scope.folder()];
    [&path, SUFFIX, slash, scope, slash, &name].concat()
}

/// Whether this is the name of a folder that this program makes for names.
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
        if is_gone {
            remove_names(&shard.join(&name));
        }
    }
}

/// Removes the folder of a program's names and what is in it, and follows no link.
fn remove_names(names: &Path) {
    if !is_folder_itself(names) {
        return;
    }
    for scope in files::names_in(names) {
        let folder = names.join(scope);
        if is_folder_itself(&folder) {
            remove_files(&folder);
            // This fails where a session has just given the program its name again.
            let _ = fs::remove_dir(&folder);
        }
    }
    let _ = fs::remove_dir(names);
}

fn remove_files(folder: &Path) {
    for name in files::names_in(folder) {
        // One that cannot be removed is not told, and the next trim tries again.
        let _ = fs::remove_file(folder.join(name));
    }
}

fn is_folder_itself(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
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
    use crate::test_store::{TestStore, scope};
    #[cfg(unix)]
    use std::os::unix::fs::symlink;

    #[test]
    fn each_scope_names_a_program_for_itself() {
        let test = TestStore::new();
        let output = test.put_object(b"a program");
        let object = crate::layout::object_path(&test.folder(), &output);
        let [main, pull_request] = ["Main", "pr-17"].map(scope);
        give(&object, &pull_request, "evil").unwrap();
        assert_eq!(of(&object, &main), None);
        let path = object.to_str().unwrap();
        assert_eq!(path_of(&object, &main, path.to_owned()), path);
        give(&object, &main, "tool").unwrap();
        give(&object, &main, "another").unwrap();
        assert_eq!(
            of(&object, &main).as_deref(),
            Some("tool"),
            "the first counts"
        );
        assert_eq!(of(&object, &pull_request).as_deref(), Some("evil"));
        let named = path_of(&object, &main, path.to_owned());
        assert_eq!(fs::read(&named).unwrap(), b"a program");
        assert_eq!(Path::new(&named).file_name().unwrap(), "tool");
    }

    #[test]
    #[cfg(unix)] // Links: wine makes none.
    fn a_name_is_told_while_it_leads_to_the_object() {
        let test = TestStore::new();
        let output = test.put_object(b"a program");
        let object = crate::layout::object_path(&test.folder(), &output);
        let main = scope("main");
        give(&object, &main, "tool").unwrap();

        // Another file in its place, of the same bytes or not.
        let folder = folder_of(&object).join("main");
        let named = folder.join("tool");
        for replace in [
            |path: &Path| fs::write(path, "a program").unwrap(),
            |path: &Path| symlink("/bin/sh", path).unwrap(),
            |path: &Path| fs::create_dir(path).unwrap(),
        ] {
            fs::remove_file(&named).unwrap();
            replace(&named);
            assert_eq!(of(&object, &main), None);
            if named.is_dir() {
                fs::remove_dir(&named).unwrap();
            }
            give(&object, &main, "tool").unwrap();
            assert_eq!(of(&object, &main).as_deref(), Some("tool"));
        }

        // A second name.
        fs::hard_link(&object, folder.join("second")).unwrap();
        assert_eq!(of(&object, &main), None);
        // A link in place of one of the folders.
        for folder in [&folder, &folder_of(&object)] {
            let elsewhere = test.folder().join("elsewhere");
            fs::create_dir_all(elsewhere.join("main")).unwrap();
            for tool in ["tool", "main/tool"] {
                let _ = fs::hard_link(&object, elsewhere.join(tool));
            }
            fs::remove_dir_all(folder).unwrap();
            symlink(&elsewhere, folder).unwrap();
            assert_eq!(of(&object, &main), None, "{}", folder.display());
            fs::remove_file(folder).unwrap();
            fs::create_dir(folder).unwrap();
        }
    }

    #[test]
    fn a_trim_removes_names_whose_objects_are_gone_and_no_others() {
        let test = TestStore::new();
        let main = scope("main");
        let [kept, gone] = [&b"kept"[..], b"gone"].map(|bytes| {
            let output = test.put_object(bytes);
            let object = crate::layout::object_path(&test.folder(), &output);
            give(&object, &main, "tool").unwrap();
            give(&object, &scope("pr-1"), "tool").unwrap();
            object
        });
        fs::remove_file(&gone).unwrap();
        let foreign = gone.with_file_name("notes-program");
        fs::create_dir(&foreign).unwrap();
        for object in [&kept, &gone] {
            trim(object.parent().unwrap());
        }
        assert!(of(&kept, &main).is_some());
        assert!(!folder_of(&gone).exists());
        assert!(foreign.exists(), "nothing that this program makes");
    }
}
