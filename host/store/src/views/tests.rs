//! Tests of views of a real store.

mod attacks;
mod beside;
mod bounds;
mod places;
mod sweeps;

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use cachewarden_types::{Code, Digest, Problem};

use super::*;
use crate::test_store::{HOUR, TestStore, modified, overwrite, scope, set_age};
use crate::{DiskPaths, Store};

/// A daemon's store and its views, in a folder that other users may pass.
struct TestViews {
    test: TestStore,
    views: Views,
    files: ViewFiles,
}

const BOTH: [ViewFiles; 2] = [ViewFiles::Copies, ViewFiles::Links];

impl TestViews {
    fn new(files: ViewFiles) -> Self {
        let test = TestStore::owned();
        let parent = test.folder().parent().unwrap().to_owned();
        fs::set_permissions(parent, Permissions::from_mode(0o711)).unwrap();
        Self {
            views: open(&test, files).unwrap(),
            test,
            files,
        }
    }

    /// The same views after a start of the daemon: nothing is in memory.
    fn open_again(&mut self) {
        self.views = open(&self.test, self.files).unwrap();
    }

    fn view(&self, tenant: &str) -> Arc<View> {
        let group = rustix::process::getegid().as_raw();
        self.view_of(tenant, 1000, group)
    }

    fn view_of(&self, tenant: &str, user: u32, group: u32) -> Arc<View> {
        let key = ViewKey::new(tenant, user, group, &[scope("main")]);
        self.views.view(&key)
    }

    fn publish(&self, view: &Arc<View>, output: &Digest) -> io::Result<()> {
        let paths = DiskPaths::in_view(Arc::clone(view));
        paths.publish(&self.test.store, Location::Store, output)
    }

    fn path(&self, view: &Arc<View>, output: &Digest) -> PathBuf {
        view.path(Location::Store, output).into()
    }

    /// Grants an object; returns its path in the view.
    fn grant(&self, view: &Arc<View>, output: &Digest) -> PathBuf {
        self.publish(view, output).unwrap();
        self.path(view, output)
    }
}

fn place(folder: PathBuf) -> ViewPlace {
    ViewPlace {
        folder,
        seen_as: None,
    }
}

fn open(test: &TestStore, files: ViewFiles) -> Result<Views, StoreError> {
    let beside = |name: &str| place(test.folder().with_file_name(name));
    Views::open(beside("views"), beside("private-views"), files)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn an_object_is_in_the_views_that_were_granted_it_and_in_no_other() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let [one, other] = ["one", "other"].map(|tenant| views.view(tenant));
        let path = views.grant(&one, &output);
        assert_eq!(fs::read(&path).unwrap(), b"object");
        assert_eq!(mode(&path), 0o444);
        for folder in path.ancestors().skip(1).take(2) {
            assert_eq!(mode(folder), 0o710, "{}", folder.display());
        }
        for folder in path.ancestors().skip(3).take(2) {
            assert_eq!(mode(folder), 0o711, "{}", folder.display());
        }
        assert!(!views.path(&other, &output).exists());
        let same = views.view("one");
        assert!(Arc::ptr_eq(&one, &same), "sessions share a view");
    }
}

#[test]
fn what_is_gone_from_the_store_is_not_granted_whatever_the_view_has() {
    for files in BOTH {
        let mut views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let absent = Digest::of(b"absent");
        let view = views.view("one");
        let error = views.publish(&view, &absent).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!views.path(&view, &absent).exists());
        let path = views.grant(&view, &output);
        drop(view);
        fs::remove_file(views.test.object(&output)).unwrap();
        views.open_again();
        let view = views.view("one");
        let error = views.publish(&view, &output).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        // A job that was given the path goes on reading.
        assert!(path.exists());
    }
}

#[test]
fn an_object_that_was_granted_lately_is_not_looked_at_again() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let view = views.view("one");
        let path = views.grant(&view, &output);
        // Only to see that no file is looked at: nothing else removes one.
        fs::remove_file(&path).unwrap();
        views.publish(&view, &output).unwrap();
        assert!(!path.exists());
    }
}

#[test]
fn names_are_kept_when_the_daemon_starts_again_and_new_after_a_boot() {
    let mut views = TestViews::new(ViewFiles::Copies);
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view("one"), &output);
    let written = modified(&path);
    views.open_again();
    assert_eq!(views.grant(&views.view("one"), &output), path);
    assert!(modified(&path) >= written);
    let secret = views.views.roots.store.folder().join(".secret");
    assert_eq!(mode(&secret), 0o600);
    let text = fs::read_to_string(&secret).unwrap();
    let other_boot = text.replace(&BootId::current().to_string(), "00000000000000ff");
    for damage in [&other_boot, "", "v2 ", &text[..text.len() - 2]] {
        fs::write(&secret, damage).unwrap();
        views.open_again();
        let other = views.grant(&views.view("one"), &output);
        assert_ne!(other, path, "{damage:?}");
        // The old view is of no use to anybody, and the next sweep removes it.
        fs::write(&secret, &text).unwrap();
    }
}

#[test]
fn copies_tell_nothing_of_other_tenants_and_links_tell_the_operator_so() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let old = set_age(&views.test.object(&output), HOUR / 2);
        let told = ["one", "other"].map(|tenant| {
            let path = views.grant(&views.view(tenant), &output);
            let metadata = fs::metadata(path).unwrap();
            (
                metadata.ino(),
                metadata.nlink(),
                metadata.modified().unwrap() == old,
            )
        });
        match files {
            ViewFiles::Copies => {
                assert_ne!(told[0].0, told[1].0);
                assert_eq!(
                    told.map(|(_, links, is_old)| (links, is_old)),
                    [(1, false); 2]
                );
            }
            // The number of links grows with each tenant that has the object, and the time is that
            // of the first put.
            ViewFiles::Links => {
                assert_eq!(told[0].0, told[1].0);
                assert_eq!(
                    told.map(|(_, links, is_old)| (links, is_old)),
                    [(2, true), (3, true)]
                );
            }
        }
    }
}

#[test]
fn an_object_that_becomes_a_program_is_one_in_the_views_that_were_granted_it_as_such() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"#!/bin/sh\nexit 7\n");
        let [one, other] = ["one", "other"].map(|tenant| views.view(tenant));
        let [path, other] = [&one, &other].map(|view| views.grant(view, &output));
        assert_eq!((mode(&path), mode(&other)), (0o444, 0o444));
        let paths = DiskPaths::in_view(one);
        for _ in 0..2 {
            let allowed = paths.make_executable(&views.test.store, Location::Store, &output);
            allowed.unwrap();
            assert_eq!(mode(&path), 0o555);
        }
        let status = std::process::Command::new(&path).status().unwrap();
        assert_eq!(status.code(), Some(7));
        let other_mode = match files {
            ViewFiles::Copies => 0o444,
            ViewFiles::Links => 0o555,
        };
        assert_eq!(mode(&other), other_mode);
    }
}

#[test]
fn a_damaged_object_that_a_put_has_replaced_is_replaced_in_every_view() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let view = views.view("one");
        overwrite(&views.test.object(&output), b"Object");
        let path = views.grant(&view, &output);
        assert_eq!(fs::read(&path).unwrap(), b"Object");
        views.test.put_object(b"object");
        assert_eq!(views.grant(&view, &output), path);
        assert_eq!(fs::read(&path).unwrap(), b"object");
    }
}

#[test]
fn a_link_to_an_object_that_was_put_again_is_made_anew_after_a_start() {
    let mut views = TestViews::new(ViewFiles::Links);
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view("one"), &output);
    overwrite(&views.test.object(&output), b"object");
    views.open_again();
    views.grant(&views.view("one"), &output);
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(&path), inode(&views.test.object(&output)));
    let shard = fs::read_dir(path.parent().unwrap()).unwrap();
    assert_eq!(shard.count(), 1, "nothing temporary is left");
}

#[test]
fn a_change_between_links_and_copies_takes_effect_when_the_daemon_starts_again() {
    let mut views = TestViews::new(ViewFiles::Links);
    let output = views.test.put_object(b"object");
    for (files, links) in [
        (ViewFiles::Links, 2),
        (ViewFiles::Copies, 1),
        (ViewFiles::Links, 2),
    ] {
        views.files = files;
        views.open_again();
        let path = views.grant(&views.view("one"), &output);
        assert_eq!(fs::metadata(path).unwrap().nlink(), links);
    }
}

/// Says that a test cannot run on this machine. In CI that is a failure, so that no sentence of the
/// threat model is shown by a test that did nothing.
fn cannot_be_tested(reason: &str) {
    let text = format!("NOT TESTED: {reason}\n");
    assert!(std::env::var_os("CI").is_none(), "{text}");
    // Not by a macro: the test harness would show that of failed tests only.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[test]
fn views_without_a_session_stay_in_memory_up_to_a_bound() {
    let views = TestViews::new(ViewFiles::Copies);
    let held = views.view("held");
    for number in 0..2 * KEPT {
        views.view(&number.to_string());
    }
    // Beside those without a session: the one that is held, and the last one, which was held then.
    assert_eq!(views.views.in_memory().len(), KEPT + 2);
    assert!(Arc::ptr_eq(&held, &views.view("held")));
}
