//! Sweeps of views, also beside sessions.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const UNUSED: Duration = Duration::from_secs(5 * DAY.as_secs());

/// Sweeps; returns how many views and files were removed.
fn sweep(views: &TestViews) -> (u64, u64) {
    let swept = views.views.sweep(&views.test.store, UNUSED).unwrap();
    (swept.views, swept.files)
}

/// Makes a view's folder look as if it was not used for this long. Only a view that is not in
/// memory is looked at.
fn set_folder_age(path: &Path, age: Duration) {
    set_age(path.ancestors().nth(2).unwrap(), age);
}

#[test]
fn a_file_goes_when_its_object_is_gone_and_no_job_can_be_reading_it() {
    for files in BOTH {
        let mut views = TestViews::new(files);
        let [kept, gone] = [&b"kept"[..], b"gone"].map(|bytes| {
            let output = views.test.put_object(bytes);
            views.grant(&views.view("one"), &output);
            output
        });
        let [kept, gone_path] = [&kept, &gone].map(|output| views.path(&views.view("one"), output));
        fs::remove_file(views.test.object(&gone)).unwrap();
        set_age(&gone_path, 3 * HOUR);
        assert_eq!(sweep(&views), (0, 0), "it was granted lately");
        views.open_again();
        assert_eq!(sweep(&views), (0, 0), "by its own time");
        set_age(&gone_path, 5 * HOUR);
        assert_eq!(sweep(&views).1, 1);
        assert!(kept.exists() && !gone_path.exists());
        assert_eq!(sweep(&views), (0, 0));
    }
}

#[test]
fn what_a_session_was_granted_within_the_hours_stays() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let view = views.view("one");
        let path = views.grant(&view, &output);
        fs::remove_file(views.test.object(&output)).unwrap();
        // By its file alone it would go.
        set_age(&path, 100 * DAY);
        assert_eq!(sweep(&views), (0, 0));
        assert!(path.exists());
    }
}

#[test]
fn a_file_that_is_removed_is_forgotten_and_published_again() {
    for files in BOTH {
        let views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let view = views.view("one");
        let path = views.grant(&view, &output);
        let later = SystemTime::now() + 4 * HOUR;
        let remove = || {
            fs::remove_file(&path).unwrap();
            Ok(())
        };
        let location = Location::Store;
        assert!(
            view.release(location, &output, 3 * HOUR, later, remove)
                .unwrap()
        );
        views.grant(&view, &output);
        assert!(path.exists());
    }
}

#[test]
fn copies_that_a_view_did_not_use_for_days_go_while_their_object_stays() {
    let mut views = TestViews::new(ViewFiles::Copies);
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view("one"), &output);
    set_age(&path, 6 * DAY);
    views.open_again();
    assert_eq!(sweep(&views), (0, 1));
    assert!(views.test.object(&output).exists());
    // A copy that is granted is marked as used.
    let path = views.grant(&views.view("one"), &output);
    set_age(&path, 6 * DAY);
    views.open_again();
    views.grant(&views.view("one"), &output);
    assert_eq!(sweep(&views), (0, 0));
}

#[test]
fn a_view_goes_as_a_whole_when_it_was_not_used_for_days_and_has_no_session() {
    for files in BOTH {
        let mut views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let session = views.view("one");
        let path = views.grant(&session, &output);
        set_folder_age(&path, 6 * DAY);
        assert_eq!(sweep(&views), (0, 0), "it has a session");
        drop(session);
        // The paths that the session was given are valid for hours.
        views.open_again();
        assert_eq!(sweep(&views), (0, 0));
        set_folder_age(&path, 6 * DAY);
        assert_eq!(sweep(&views), (1, 0));
        assert!(!path.ancestors().nth(2).unwrap().exists());
        assert_eq!(
            fs::read(views.grant(&views.view("one"), &output)).unwrap(),
            b"object"
        );
    }
}

#[test]
fn views_of_an_earlier_boot_go_at_once() {
    let mut views = TestViews::new(ViewFiles::Copies);
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view("one"), &output);
    fs::remove_file(views.views.roots.store.folder().join(".secret")).unwrap();
    views.open_again();
    let new = views.grant(&views.view("one"), &output);
    assert_eq!(sweep(&views).0, 1);
    assert!(!path.exists() && new.exists());
}

#[test]
fn what_a_killed_daemon_has_left_goes_and_other_names_stay() {
    let views = TestViews::new(ViewFiles::Copies);
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view("one"), &output);
    let root = views.views.roots.store.folder().to_owned();
    let left = [
        root.join(".new-folder/ab/file"),
        root.join(".new-file"),
        path.with_file_name(".new-copy"),
    ];
    let others = [root.join("notes"), path.with_file_name("notes")];
    for file in left.iter().chain(&others) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
        set_age(file, 5 * HOUR);
    }
    set_age(&root.join(".new-folder"), 5 * HOUR);
    sweep(&views);
    assert!(left.iter().all(|file| !file.exists()));
    assert!(others.iter().all(|file| file.exists()));
    assert!(path.exists());
}

#[test]
fn the_bytes_of_copies_are_counted_and_links_take_none() {
    for (files, expected) in [(ViewFiles::Copies, 20), (ViewFiles::Links, 0)] {
        let views = TestViews::new(files);
        for tenant in ["one", "two"] {
            let output = views.test.put_object(b"ten bytes.");
            views.grant(&views.view(tenant), &output);
        }
        let swept = views.views.sweep(&views.test.store, UNUSED).unwrap();
        assert_eq!(swept.bytes, expected);
    }
}

/// A sweep and a session begin at the same moment, in a view that nobody has in memory and whose
/// file is due to go: what the session was granted is there afterwards.
#[test]
fn a_sweep_takes_nothing_from_a_session_that_begins_beside_it() {
    const ROUNDS: usize = 300;
    for files in BOTH {
        let mut views = TestViews::new(files);
        let output = views.test.put_object(b"object");
        let path = views.grant(&views.view("one"), &output);
        let mut removed = 0;
        for round in 0..ROUNDS {
            set_age(&path, 6 * DAY);
            if round % 2 == 0 {
                set_folder_age(&path, 6 * DAY);
            }
            views.open_again();
            if round % 2 == 0 {
                set_folder_age(&path, 6 * DAY);
            }
            let both = Barrier::new(2);
            let swept = thread::scope(|threads| {
                let sweeper = threads.spawn(|| {
                    both.wait();
                    sweep(&views)
                });
                both.wait();
                // The session begins a little later each time, so that it meets every step.
                (0..round * 100).for_each(|_| std::hint::spin_loop());
                views.grant(&views.view("one"), &output);
                sweeper.join().unwrap()
            });
            assert_eq!(fs::read(&path).unwrap(), b"object", "round {round}");
            removed += swept.0 + swept.1;
        }
        assert!(removed > 0, "the two never met");
    }
}
