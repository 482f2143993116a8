//! What the views of one tenant take, and what tells another one of it.

use super::*;

const KIB: usize = 1024;

/// How many folders are in one, as a job can see it.
fn links(path: &Path) -> u64 {
    fs::metadata(path).unwrap().nlink()
}

#[test]
fn a_full_tenant_is_granted_nothing_new_but_what_it_puts() {
    let mut views = TestViews::new(ViewFiles::Copies);
    let [one, two, three] = [1, 2, 3].map(|byte| views.test.put_object(&[byte; 20 * KIB]));
    // Each view has a folder with one of its shards: there is room for two objects, and not for
    // three.
    let most = Some(70 * KIB as u64);
    views.views.bound("full", most).unwrap();
    let view = views.view("full");
    let kept = views.grant(&view, &one);
    views.grant(&view, &two);
    for _ in 0..2 {
        let error = views.publish(&view, &three).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
        assert!(!views.path(&view, &three).exists());
        // What it has is granted on, and other tenants have room.
        assert_eq!(views.grant(&view, &one), kept);
        views.grant(&views.view("other"), &three);
        // Another view of the tenant is no way out.
        let group = rustix::process::getegid().as_raw();
        let another = views.view_of("full", 1001, group);
        assert!(views.publish(&another, &three).is_err());
        // After a start, and after a sweep.
        views.open_again();
        views.views.bound("full", most).unwrap();
    }
    let view = views.view("full");
    views.views.sweep(&views.test.store, 100 * HOUR).unwrap();
    assert!(views.publish(&view, &three).is_err());
    let paths = DiskPaths::in_view(Arc::clone(&view));
    let store = &views.test.store;
    paths.publish_put(store, Location::Store, &three).unwrap();
    assert!(views.path(&view, &three).exists());
    views.views.bound("full", None).unwrap();
    views
        .publish(&view, &views.test.put_object(&[4; 20 * KIB]))
        .unwrap();
}

#[test]
fn a_sweep_makes_room_where_nobody_was_granted_anything_for_hours() {
    let mut views = TestViews::new(ViewFiles::Copies);
    let outputs = [1, 2, 3].map(|byte| views.test.put_object(&[byte; 20 * KIB]));
    let paths = outputs.map(|output| views.grant(&views.view("full"), &output));
    let others = views.grant(&views.view("other"), &outputs[0]);
    for (path, age) in paths.iter().zip([5, 6, 2]) {
        set_age(path, age * HOUR);
    }
    set_age(&others, 7 * HOUR);
    views.open_again();
    views.views.bound("full", Some(64 * KIB as u64)).unwrap();
    let sweep = |views: &TestViews| views.views.sweep(&views.test.store, 100 * HOUR).unwrap();
    assert_eq!(sweep(&views).files, 1);
    assert!(paths[0].exists() && !paths[1].exists(), "the oldest goes");
    assert!(others.exists());
    // It has room again.
    views.grant(&views.view("other"), &outputs[1]);
    // What was granted lately stays, whatever there is.
    views.views.bound("full", Some(1)).unwrap();
    assert_eq!(sweep(&views).files, 1);
    assert!(!paths[0].exists() && paths[2].exists());
}

#[test]
fn the_number_of_folders_tells_nothing_of_other_tenants() {
    let views = TestViews::new(ViewFiles::Copies);
    for tenant in ["one", "other"] {
        views.views.bound(tenant, None).unwrap();
    }
    let output = views.test.put_object(b"object");
    let path = views.grant(&views.view("one"), &output);
    let folders = || {
        path.ancestors()
            .skip(1)
            .take(4)
            .map(links)
            .collect::<Vec<_>>()
    };
    let before = folders();
    let group = rustix::process::getegid().as_raw();
    for user in 2000..2010 {
        views.grant(&views.view_of("other", user, group), &output);
    }
    assert_eq!(folders(), before);
}
