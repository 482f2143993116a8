//! The names of programs. cmd/go runs a program at the path that it is told, and what a program
//! prints or does may depend on its name. So the object of a program may have a second path in each
//! scope, `objects/ab/<output>-program/<scope>/<name>`: a hard link, which takes no room of its own.
//!
//! What always holds: a name is only told to sessions that got the program from the same scope, and
//! while it leads to the very file of the object, whose bytes were hashed. What the program itself
//! puts beside it changes nothing. A trim removes names whose objects are gone, and names that were
//! not used for long: there may be one in the scope of each pull request. The time of a scope's
//! folder says when its name was last told, to the hour.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};
use std::time::SystemTime;

use cachewarden_system::file_status::{self, Kind};
use cachewarden_system::lock_timeout::LockTimeout;
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
    let path = folder.join(name);
    files::create_private_folder(&names)?;
    if !is_folder_itself(&folder) {
        // A name, as programs had them before scopes had names of their own.
        let _ = fs::remove_file(&folder);
    }
    files::create_private_folder(&folder)?;
    // The name of an object that was replaced since, or what the program has put in its own place.
    let _ = fs::remove_file(&path);
    fs::hard_link(object, path)
}

/// Marks the name of a program in a scope as used. It is told only after that, so that no trim takes
/// it from a client that is about to run it.
///
/// # Errors
/// When there is none, or the lock cannot be taken.
pub(super) fn mark(
    object: &Path,
    scope: &ScopeName,
    now: SystemTime,
    lock_timeout: &LockTimeout,
) -> io::Result<()> {
    let folder = folder_of(object).join(scope.folder());
    if files::is_touch_due(fs::symlink_metadata(&folder)?.modified()?, now) {
        let _lock = files::lock_shared(object.parent().unwrap_or(object), lock_timeout)?;
        // It is not possible in a read-only store, which is not trimmed either.
        let _ = fs::File::open(&folder)?.set_modified(now);
    }
    Ok(())
}

/// The name of the program with this object in a scope, if it has one there.
pub(super) fn of(object: &Path, scope: &ScopeName) -> Option<String> {
    let names = folder_of(object);
    let folder = names.join(scope.folder());
    // A link could lead anywhere.
    if !is_folder_itself(&names) || !is_folder_itself(&folder) {
        return None;
    }
    let id = |path: &Path| {
        let status = file_status::at(path).ok()?;
        (status.kind == Kind::File).then_some(status.id)
    };
    let object = id(object)?;
    let mut names = files::names_in(&folder).into_iter();
    let name = names.find(|name| id(&folder.join(name)) == Some(object))?;
    name.into_string().ok()
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

/// Removes the names in a shard whose objects are gone, and those that were last told before
/// `oldest`.
pub(super) fn trim(shard: &Path, oldest: SystemTime) {
    for name in files::names_in(shard) {
        let Some(object) = object_of(&name) else {
            continue;
        };
        let names = shard.join(&name);
        if !is_folder_itself(&names) {
            continue;
        }
        let is_gone = fs::symlink_metadata(shard.join(object))
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let folders = files::names_in(&names).into_iter();
        let folders: Vec<_> = folders.map(|scope| names.join(scope)).collect();
        let is_removed = |folder: &&PathBuf| is_gone || is_older(folder, oldest);
        if !is_gone && !folders.iter().any(|folder| is_removed(&folder)) {
            continue;
        }
        let Ok(_lock) = files::lock_exclusive(shard) else {
            continue;
        };
        // Again, now that nobody can mark one.
        for folder in folders.iter().filter(is_removed) {
            // What cannot be removed is not told, and the next trim tries again. No link is followed.
            let _ = fs::remove_dir_all(folder).or_else(|_| fs::remove_file(folder));
        }
        // This fails where there is another name.
        let _ = fs::remove_dir(names);
    }
}

/// Whether nothing was put into a folder since then.
fn is_older(folder: &Path, oldest: SystemTime) -> bool {
    let modified = fs::symlink_metadata(folder).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified < oldest)
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
    #[cfg(unix)]
    use crate::test_store::HOUR;
    use crate::test_store::{TestStore, scope};
    #[cfg(unix)]
    use cachewarden_types::Digest;
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

        // What a program puts beside itself, and what it puts in its own place.
        fs::write(folder.join("log"), "lines").unwrap();
        fs::create_dir(folder.join("a folder")).unwrap();
        assert_eq!(of(&object, &main).as_deref(), Some("tool"));
        fs::rename(folder.join("log"), &named).unwrap();
        assert_eq!(of(&object, &main), None);
        give(&object, &main, "tool").unwrap();
        assert_eq!(of(&object, &main).as_deref(), Some("tool"));
        // A name that was given before scopes had names of their own.
        fs::remove_dir_all(&folder).unwrap();
        fs::hard_link(&object, &folder).unwrap();
        assert_eq!(of(&object, &main), None);
        give(&object, &main, "tool").unwrap();
        assert_eq!(of(&object, &main).as_deref(), Some("tool"));
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
    #[cfg(unix)] // Windows opens no folder to set its time.
    fn a_trim_removes_names_whose_objects_are_gone_or_that_are_old_and_no_others() {
        let test = TestStore::new();
        let [main, old] = ["main", "pr-1"].map(scope);
        let [kept, gone] = [&b"kept"[..], b"gone"].map(|bytes| {
            let output = test.put_object(bytes);
            let object = crate::layout::object_path(&test.folder(), &output);
            give(&object, &main, "tool").unwrap();
            give(&object, &old, "tool").unwrap();
            object
        });
        // What the program has left, and a name from before scopes had names of their own.
        fs::create_dir(folder_of(&gone).join("main/a folder")).unwrap();
        fs::write(folder_of(&gone).join("main/a folder/log"), "lines").unwrap();
        fs::hard_link(&gone, folder_of(&gone).join("tool")).unwrap();
        fs::remove_file(&gone).unwrap();
        // A folder without names, as a crash leaves it.
        let empty = folder_of(&gone.with_file_name(Digest::of(b"another").to_string()));
        fs::create_dir(&empty).unwrap();
        let foreign = gone.with_file_name("notes-program");
        fs::create_dir(&foreign).unwrap();
        let given = fs::File::open(folder_of(&kept).join("pr-1")).unwrap();
        given.set_modified(SystemTime::now() - HOUR).unwrap();
        let oldest = SystemTime::now() - HOUR / 2;
        for object in [&kept, &gone] {
            trim(object.parent().unwrap(), oldest);
        }
        assert!(of(&kept, &main).is_some() && of(&kept, &old).is_none());
        assert!(!folder_of(&gone).exists() && !empty.exists());
        assert!(foreign.exists(), "nothing that this program makes");
        let no_age = SystemTime::now() + HOUR;
        trim(kept.parent().unwrap(), no_age);
        assert!(kept.exists() && !folder_of(&kept).exists());
    }

    #[test]
    #[cfg(unix)] // Windows opens no folder to set its time.
    fn a_name_that_is_told_is_not_old() {
        let test = TestStore::new();
        let output = test.put_object(b"a program");
        let object = crate::layout::object_path(&test.folder(), &output);
        let main = scope("main");
        let now = SystemTime::now();
        let mark = |now| mark(&object, &main, now, &files::lock_timeout());
        mark(now).unwrap_err();
        give(&object, &main, "tool").unwrap();
        let folder = fs::File::open(folder_of(&object).join("main")).unwrap();
        folder.set_modified(now - 9 * HOUR).unwrap();
        mark(now).unwrap();
        trim(object.parent().unwrap(), now - HOUR);
        assert_eq!(of(&object, &main).as_deref(), Some("tool"));
        // Once an hour is enough.
        let told = folder.metadata().unwrap().modified().unwrap();
        mark(now + HOUR / 2).unwrap();
        assert_eq!(folder.metadata().unwrap().modified().unwrap(), told);
    }
}
