//! What a hostile job tries on what it was given: real processes of other users.

use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use super::*;

/// Users and groups of jobs, which nothing else on the machine has.
const JOB: u32 = 54_321;
const OTHER: u32 = 54_322;

fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        cannot_be_tested("only root can run jobs of other users");
    }
    is_root
}

/// Runs a script as a user and a group of the same number, and no other group.
fn run(user: u32, group: u32, script: &str, arguments: &[&Path]) -> Output {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "job"]).args(arguments);
    command.uid(user).gid(group).current_dir("/");
    command.output().unwrap()
}

fn can(user: u32, group: u32, script: &str, arguments: &[&Path]) -> bool {
    run(user, group, script, arguments).status.success()
}

/// The view of a job, an object that was granted in it, and its path.
fn granted(views: &TestViews) -> (Digest, PathBuf) {
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view_of("one", JOB, JOB), &output);
    (output, path)
}

#[test]
fn a_job_reads_what_it_was_granted_and_changes_nothing() {
    if !is_root() {
        return;
    }
    for files in BOTH {
        let views = TestViews::new(files);
        let (output, path) = granted(&views);
        let own = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(own.path(), Some(JOB), Some(JOB)).unwrap();
        let (shard, view) = (path.parent().unwrap(), path.ancestors().nth(2).unwrap());
        let root = views.views.roots.store.folder();
        let paths = [&*path, shard, view, root, own.path()];
        assert!(can(JOB, JOB, r#"test "$(cat "$1")" = object"#, &paths));
        let before = (fs::metadata(&path).unwrap().ctime(), tree(root));
        for script in [
            // Change the bytes.
            r#"echo other > "$1""#,
            r#"echo more >> "$1""#,
            r#": > "$1""#,
            r#"truncate -s 0 "$1""#,
            r#"dd if=/dev/zero of="$1" conv=notrunc count=1"#,
            // Change what stands there.
            r#"rm -f "$1""#,
            r#"mv "$1" "$5/taken""#,
            r#"mv -T "$3" "$5/taken""#,
            r#"mv -T "$2" "$4/taken""#,
            r#"cp "$0" "$2/new""#,
            r#"touch "$2/new""#,
            r#"mkdir "$3/ff""#,
            r#"mkdir "$4/view""#,
            r#"ln -s /etc/passwd "$2/link""#,
            r#"ln -s "$5" "$3/ff""#,
            r#"ln "$5/../object" "$2/link""#,
            r#"rmdir "$2""#,
            // Change its metadata.
            r#"chmod 0644 "$1""#,
            r#"chmod 0777 "$2""#,
            r#"chown "$(id -u)" "$1""#,
            r#"touch "$1""#,
            r#"setfattr -n user.note -v x "$1""#,
            // List.
            r#"ls "$2""#,
            r#"ls "$3""#,
            r#"ls "$4""#,
            r#"cat "$2"/*"#,
            r#"find "$4" -mindepth 1 | grep ."#,
            // What is the daemon's alone.
            r#"cat "$4/.secret""#,
            r#"ls "$4/../store""#,
            r#"cat "$4/../store/VERSION""#,
        ] {
            assert!(!can(JOB, JOB, script, &paths), "{files:?}: {script}");
        }
        // Where the kernel allows links to files of others, a link is no way to write.
        let _ = run(
            JOB,
            JOB,
            r#"ln "$1" "$5/link" && echo other > "$5/link""#,
            &paths,
        );
        let _ = run(
            JOB,
            JOB,
            r#"ln -s "$1" "$5/soft" && echo other > "$5/soft""#,
            &paths,
        );
        assert_eq!(fs::read(&path).unwrap(), b"object");
        assert_eq!(fs::read(views.test.object(&output)).unwrap(), b"object");
        let unchanged = (before.0, tree(root));
        assert_eq!(unchanged, before);
    }
}

/// The paths and modes of everything below a folder.
fn tree(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for name in crate::files::names_in(folder) {
        let path = folder.join(name);
        found.push((path.clone(), fs::symlink_metadata(&path).unwrap().mode()));
        found.extend(tree(&path));
    }
    found
}

#[test]
fn a_job_of_another_user_reads_nothing_with_a_path_that_it_knows() {
    if !is_root() {
        return;
    }
    for files in BOTH {
        let views = TestViews::new(files);
        let (output, path) = granted(&views);
        for script in [r#"cat "$1""#, r#"test -e "$1""#, r#"cd "$(dirname "$1")""#] {
            assert!(!can(OTHER, OTHER, script, &[&path]), "{script}");
        }
        // A digest that it knows, in its own view: it is there only once it is granted.
        let own = views.view_of("other", OTHER, OTHER);
        views.grant(&own, &views.test.put_object(b"another"));
        let guess = views.path(&own, &output);
        assert!(!can(OTHER, OTHER, r#"test -e "$1""#, &[&guess]));
        let stored = views.test.object(&output);
        assert!(!can(OTHER, OTHER, r#"test -e "$1""#, &[&stored]));
        views.grant(&own, &output);
        assert!(can(OTHER, OTHER, r#"cat "$1""#, &[&guess]));
    }
}

#[test]
fn a_program_runs_and_cannot_be_changed_while_it_is_one() {
    if !is_root() {
        return;
    }
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"#!/bin/sh\nexit 7\n");
        let view = views.view_of("one", JOB, JOB);
        let paths = DiskPaths::in_view(Arc::clone(&view));
        let store: &Store = &views.test.store;
        paths
            .make_executable(store, Location::Store, &output)
            .unwrap();
        let path = views.path(&view, &output);
        assert_eq!(run(JOB, JOB, r#""$1""#, &[&path]).status.code(), Some(7));
        assert!(!can(JOB, JOB, r#"echo 'exit 0' >> "$1""#, &[&path]));
        assert_eq!(run(JOB, JOB, r#""$1""#, &[&path]).status.code(), Some(7));
    }
}

#[test]
fn where_the_group_is_shared_the_name_of_a_view_is_what_protects_it() {
    if !is_root() {
        return;
    }
    let views = TestViews::new(ViewFiles::Copies);
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view_of("one", JOB, JOB), &output);
    // A user of the same group who was told the path can read it.
    assert!(can(OTHER, JOB, r#"cat "$1""#, &[&path]));
    let name = path.ancestors().nth(2).unwrap().file_name().unwrap();
    let hidden = name.to_str().unwrap();
    assert_eq!(
        hidden.len(),
        40,
        "8 digits of a mark and 128 bits that nobody can guess"
    );
    assert!(!can(
        OTHER,
        JOB,
        r#"ls "$1""#,
        &[views.views.roots.store.folder()]
    ));
}
