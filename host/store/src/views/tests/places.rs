//! Where views can be, and what happens where nothing can be written there.

use super::*;

/// A folder on another file system than that of temporary files, if this machine has one.
fn elsewhere() -> Option<tempfile::TempDir> {
    let device = fs::metadata(std::env::temp_dir()).unwrap().dev();
    let folder = ["/dev/shm", "/run", "/var/tmp"].into_iter().find(|folder| {
        fs::metadata(folder).is_ok_and(|metadata| metadata.dev() != device)
            && tempfile::tempdir_in(folder).is_ok()
    });
    folder.map(|folder| tempfile::tempdir_in(folder).unwrap())
}

#[test]
fn where_no_link_is_possible_there_is_a_copy() {
    let Some(folder) = elsewhere() else {
        return cannot_be_tested("there is one file system only");
    };
    let test = TestStore::owned();
    let places = ["views", "private"].map(|name| place(folder.path().join(name)));
    let [store, private] = places;
    let views = TestViews {
        views: Views::open(store, private, ViewFiles::Links).unwrap(),
        files: ViewFiles::Links,
        test,
    };
    let output = views.test.put_object(b"object");
    let view = views.view("one");
    let path = views.grant(&view, &output);
    assert_eq!(fs::read(&path).unwrap(), b"object");
    let paths = DiskPaths::in_view(view);
    paths
        .make_executable(&views.test.store, Location::Store, &output)
        .unwrap();
    assert_eq!(mode(&path), 0o555);
}

#[test]
fn what_the_full_disk_cannot_take_is_read_through_the_private_folders_view() {
    for files in BOTH {
        let views = TestViews::new(files);
        // Something in the place of the folder: the store cannot be written.
        fs::write(views.test.folder().join("objects"), "").unwrap();
        let output = views.test.put_object(b"object");
        let paths = DiskPaths::in_view(views.view("one"));
        let store = &views.test.store;
        paths.publish(store, Location::Private, &output).unwrap();
        let path = PathBuf::from(paths.path(store, Location::Private, &output));
        assert_eq!(fs::read(&path).unwrap(), b"object");
        assert!(path.starts_with(views.test.folder().with_file_name("private-views")));
        assert!(paths.publish(store, Location::Store, &output).is_err());
    }
}

#[test]
fn a_full_disk_leaves_the_copy_to_the_private_folders_view() {
    for files in BOTH {
        let mut views = TestViews::new(files);
        let output = views.test.put_object(b"#!/bin/sh\nexit 7\n");
        let view = views.view("one");
        // Something in the place of the shard: nothing can be written there.
        let path = views.path(&view, &output);
        fs::create_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
        fs::write(path.parent().unwrap(), "").unwrap();
        let paths = DiskPaths::in_view(Arc::clone(&view));
        paths
            .make_executable(&views.test.store, Location::Store, &output)
            .unwrap();
        let elsewhere = views.path(&view, &output);
        assert!(elsewhere.starts_with(views.test.folder().with_file_name("private-views")));
        let status = std::process::Command::new(&elsewhere).status().unwrap();
        assert_eq!(status.code(), Some(7));
        // The view is used again once it can be.
        fs::remove_file(path.parent().unwrap()).unwrap();
        drop((view, paths));
        views.open_again();
        assert_eq!(views.grant(&views.view("one"), &output), path);
        assert!(path.exists());
    }
}

#[test]
fn clients_in_containers_get_the_path_under_which_they_see_the_views() {
    let test = TestStore::owned();
    let beside = |name: &str| ViewPlace {
        folder: test.folder().with_file_name(name),
        seen_as: Some("/cache/views/".into()),
    };
    let views = Views::open(beside("views"), beside("private-views"), ViewFiles::Copies).unwrap();
    let key = ViewKey::new("one", 1000, 1000, &[scope("main")]);
    let path = views.view(&key).path(Location::Store, &Digest::of(b"x"));
    assert!(path.starts_with("/cache/views/"), "{path}");
    assert!(!path.contains("//"), "{path}");
}

#[test]
fn a_folder_that_others_can_change_or_that_is_a_link_is_not_used() {
    let test = TestStore::owned();
    let beside = |name: &str| test.folder().with_file_name(name);
    symlink("/", beside("views")).unwrap();
    let error = open(&test, ViewFiles::Copies).unwrap_err();
    assert_eq!(error.code(), Code::StoreLinked);
    fs::remove_file(beside("views")).unwrap();
    fs::create_dir(beside("views")).unwrap();
    for mode in [0o777, 0o775, 0o1777] {
        fs::set_permissions(beside("views"), Permissions::from_mode(mode)).unwrap();
        let error = open(&test, ViewFiles::Copies).unwrap_err();
        assert_eq!(error.code(), Code::StoreWritableByOthers, "{mode:o}");
    }
    fs::set_permissions(beside("views"), Permissions::from_mode(0o755)).unwrap();
    drop(open(&test, ViewFiles::Copies).unwrap());
    // Whoever could list the folder would know the names of all views.
    assert_eq!(mode(&beside("views")), 0o711);
    let parent = test.folder().parent().unwrap().to_owned();
    fs::set_permissions(parent, Permissions::from_mode(0o777)).unwrap();
    let error = open(&test, ViewFiles::Copies).unwrap_err();
    assert_eq!(error.code(), Code::StoreWritableByOthers);
}
