//! A disk that is full, a folder that may not be written: gets go on, puts find another place, and
//! one text says so.

use std::fs;

use crate::support::*;

#[test]
fn a_full_disk_leaves_puts_to_a_private_folder() {
    let mut sandbox = Sandbox::new();
    sandbox.mount_tiny(&sandbox.store(), 512);
    let mut helper = sandbox.helper(&["-v"]);
    let store = sandbox.store();
    let path = helper.put(&action("small"), b"small").kept();
    assert!(
        path.starts_with(&store),
        "there is room for it: {}",
        path.display()
    );
    let large: Vec<_> = (0..40_u8).map(|number| vec![number; 1_000_000]).collect();
    for body in &large {
        let path = helper.put(&sha256(body), body).kept();
        assert!(!path.starts_with(&store), "{}", path.display());
        assert_eq!(fs::read(&path).expect("the object"), *body);
        assert_eq!(
            helper.get(&sha256(body)).hit().path,
            path,
            "a session's own puts answer its gets"
        );
    }
    assert_eq!(helper.get(&action("small")).hit().size, 5, "gets go on");
    let stderr = helper.close();
    assert_eq!(
        stderr.lines().count(),
        2,
        "one text, not forty, and the totals: {stderr}"
    );
    assert!(stderr.contains(store.to_str().expect("UTF-8")), "{stderr}");
    assert!(
        stderr.contains("41 puts, 0 refused, 40 not kept, "),
        "{stderr}"
    );
}

#[test]
fn a_store_that_cannot_be_written_still_answers_gets() {
    let mut sandbox = Sandbox::new();
    let known = action("known");
    sandbox.fill(&[], &[known], b"known");
    // It would be touched, if it could be.
    sandbox.set_age(&object_path(&sandbox.store(), &sha256(b"known")), 3 * HOUR);
    sandbox.mount_read_only(&sandbox.store());
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&known).hit().bytes(), b"known");
    for body in [b"made".as_slice(), b"", &[7; 200_000]] {
        let path = helper.put(&sha256(body), body).kept();
        assert_eq!(fs::read(path).expect("the object"), body);
        assert_eq!(helper.get(&sha256(body)).hit().bytes(), body);
    }
    let stderr = helper.close();
    assert_eq!(stderr.lines().count(), 1, "one text: {stderr}");
    assert!(
        stderr.contains(sandbox.store().to_str().expect("UTF-8")),
        "{stderr}"
    );
}

#[test]
fn a_store_whose_modes_forbid_writing_still_answers_gets() {
    let mut sandbox = Sandbox::new();
    let known = action("known");
    sandbox.fill(&[], &[known], b"known");
    let folders = folders_below(&sandbox.store());
    for folder in &folders {
        set_mode(folder, 0o500);
    }
    sandbox.drop_privileges();
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&known).hit().bytes(), b"known");
    let path = helper.put(&action("made"), b"made").kept();
    assert!(!path.starts_with(sandbox.store()), "{}", path.display());
    assert_eq!(fs::read(path).expect("the object"), b"made");
    let stderr = helper.close();
    assert_eq!(stderr.lines().count(), 1, "one text: {stderr}");
    for folder in &folders {
        set_mode(folder, 0o700);
    }
}

#[test]
fn where_nothing_can_be_written_a_put_is_an_err() {
    let mut sandbox = Sandbox::new();
    let known = action("known");
    sandbox.fill(&[], &[known], b"known");
    sandbox.mount_read_only(&sandbox.store());
    sandbox.mount_read_only(&sandbox.path("temporary"));
    let mut helper = sandbox.helper(&[]);
    for body in [b"one".as_slice(), b"two", b""] {
        helper.put(&sha256(body), body).error();
        assert_eq!(helper.get(&known).hit().bytes(), b"known");
    }
    let stderr = helper.close();
    assert!(
        (1..=2).contains(&stderr.lines().count()),
        "one text for each folder, not one for each put: {stderr}"
    );
}

#[test]
fn a_store_that_cannot_be_made_is_no_reason_to_stop() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("a-file", "");
    let mut helper = sandbox.helper(&["--dir", &text(file.join("store"))]);
    helper.get(&action("any")).miss();
    let path = helper.put(&action("any"), b"any").kept();
    assert_eq!(helper.get(&action("any")).hit().bytes(), b"any");
    let stderr = helper.close();
    assert_eq!(stderr.lines().count(), 1, "one text: {stderr}");
    assert!(stderr.contains("a-file/store"), "{stderr}");
    assert_eq!(fs::read(path).expect("it lives on after close"), b"any");
}

#[test]
fn a_build_works_on_a_store_that_cannot_be_written() {
    let mut sandbox = Sandbox::new();
    GoProject::new(&sandbox, GO, RUNES)
        .go(&["build", "./lib"])
        .succeeded();
    sandbox.mount_read_only(&sandbox.store());
    let project = GoProject::new(&sandbox, GO, RUNES);
    let warm = project.go(&["build", "./lib"]).succeeded();
    let totals = Totals::of(&warm.stderr);
    assert_eq!((totals.gets, totals.puts), (totals.hits, 0), "{warm:?}");
    project.write(
        "lib/more.go",
        "package lib\n\nfunc More() int { return 1 }\n",
    );
    project.go(&["build", "./lib"]).succeeded();
    let list = project
        .go(&["list", "-export", "-f", "{{.Export}}", "./lib"])
        .succeeded();
    assert!(
        fs::read(list.stdout.trim())
            .expect("an archive")
            .starts_with(b"!<arch>\n")
    );
}

#[test]
fn the_private_folder_is_private_and_swept_by_the_next_trim() {
    let mut sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("known")], b"known");
    sandbox.mount_read_only(&sandbox.store());
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action("private"), b"private").kept();
    helper.close();
    sandbox.unmount();
    assert!(
        path.starts_with(sandbox.path("temporary")),
        "{}",
        path.display()
    );
    let folder = path
        .strip_prefix(sandbox.path("temporary"))
        .expect("below it")
        .iter()
        .next()
        .expect("a folder");
    assert_eq!(mode(&sandbox.path("temporary").join(folder)), 0o700);

    sandbox.set_age(&path, 6 * 24 * HOUR);
    let swept = RemovalWatch::over(&path);
    sandbox.is_due_for_trimming();
    sandbox.helper(&[]).close();
    swept.wait();
}

#[test]
fn a_private_folder_that_somebody_else_made_is_not_used() {
    let mut first = Sandbox::new();
    first.mount_tiny(&first.store(), 16);
    let body = vec![1; 100_000];
    let mut helper = first.helper(&[]);
    let path = helper.put(&action("large"), &body).kept();
    helper.close();
    let name = path
        .strip_prefix(first.path("temporary"))
        .expect("below it")
        .iter()
        .next()
        .expect("a folder");

    let mut sandbox = Sandbox::new();
    let trap = sandbox.path("trap");
    fs::create_dir(&trap).expect("a folder");
    std::os::unix::fs::symlink(&trap, sandbox.path("temporary").join(name)).expect("a link");
    sandbox.mount_tiny(&sandbox.store(), 16);
    let mut helper = sandbox.helper(&[]);
    helper.put(&action("large"), &body);
    helper.close();
    assert_eq!(
        files_below(&trap),
        Vec::<std::path::PathBuf>::new(),
        "what is compiled comes from nobody else's folder"
    );
}
