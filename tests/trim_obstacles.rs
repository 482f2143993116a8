//! What stands in a trimmer's way stops it only there: the rest goes, and the next trim does not
//! end at the same place.

use std::fs;
use std::path::PathBuf;

use crate::support::*;

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Something old in the store; its entry and its object.
fn old(sandbox: &Sandbox, name: &str) -> [PathBuf; 2] {
    sandbox.fill(&[], &[action(name)], name.as_bytes());
    let paths = [
        entry_path(&sandbox.store(), "default", &action(name)),
        object_path(&sandbox.store(), &sha256(name.as_bytes())),
    ];
    for path in &paths {
        sandbox.set_age(path, 10 * DAY);
    }
    paths
}

/// Old things, each in a folder of its own, in the trimmer's order; the first entry and the first
/// object cannot be removed. These two, and the others.
fn obstructed(sandbox: &mut Sandbox) -> ([PathBuf; 2], Vec<PathBuf>) {
    let all: Vec<_> = (0..12)
        .map(|number| old(sandbox, &number.to_string()))
        .collect();
    let first = |which: usize| {
        let mut paths: Vec<_> = all.iter().map(|paths| paths[which].clone()).collect();
        paths.sort();
        paths.swap_remove(0)
    };
    let stuck = [first(0), first(1)];
    let alone = |path: &&PathBuf| stuck.iter().all(|stuck| stuck.parent() != path.parent());
    let others = all.iter().flatten().filter(alone).cloned().collect();
    for path in &stuck {
        set_mode(path.parent().expect("its folder"), 0o500);
    }
    sandbox.drop_privileges();
    (stuck, others)
}

fn let_go(stuck: &[PathBuf]) {
    for path in stuck {
        set_mode(path.parent().expect("its folder"), 0o700);
    }
}

#[test]
fn a_prune_says_what_it_could_not_remove_and_removes_the_rest() {
    let mut sandbox = Sandbox::new();
    let (stuck, others) = obstructed(&mut sandbox);
    assert!(others.len() >= 16, "{others:?}");
    let pruned = sandbox.run(&["prune"]).exited(2);
    assert_eq!(pruned.stderr.lines().count(), 1, "{pruned:?}");
    assert!(stuck.iter().all(|path| path.exists()), "{pruned:?}");
    let told = stuck
        .iter()
        .any(|path| pruned.stderr.contains(&format!("{} and ", path.display())));
    assert!(
        told && pruned.stderr.contains("more cannot be removed"),
        "{pruned:?}"
    );
    assert!(others.iter().all(|path| !path.exists()), "{pruned:?}");
    let_go(&stuck);
    sandbox.run(&["prune"]).succeeded();
    assert!(stuck.iter().all(|path| !path.exists()));
}

#[test]
fn a_prune_says_which_folder_it_could_not_look_into() {
    let mut sandbox = Sandbox::new();
    let [entry, object] = old(&sandbox, "closed");
    let folders = [
        entry.ancestors().nth(2).expect("its scope"),
        object.parent().expect("its bucket"),
    ];
    sandbox.drop_privileges();
    for folder in folders {
        set_mode(folder, 0);
        let pruned = sandbox.run(&["prune"]).exited(2);
        set_mode(folder, 0o700);
        let folder = folder.to_str().expect("UTF-8");
        assert!(pruned.stderr.contains(folder), "{pruned:?}");
        assert!(pruned.stderr.contains("cannot be removed"), "{pruned:?}");
    }
    sandbox.run(&["prune"]).succeeded();
    assert!(!entry.exists() && !object.exists());
}

#[test]
fn a_trimmer_goes_on_past_what_it_cannot_remove_and_rests_for_a_day() {
    let mut sandbox = Sandbox::new();
    let (stuck, others) = obstructed(&mut sandbox);
    sandbox.is_due_for_trimming();
    let removals: Vec<_> = others.iter().map(|path| RemovalWatch::over(path)).collect();
    sandbox.helper(&[]).close();
    for removal in removals {
        removal.wait();
    }
    sandbox.settle();
    let memory = sandbox.store().join("trim");
    assert_eq!(
        fs::read(&memory).expect("the memory"),
        b"",
        "it came to its end"
    );
    assert!(modified(&memory) > std::time::SystemTime::now() - DAY);
    sandbox.helper(&[]).close();
    assert_eq!(processes_of(&sandbox.store()), Vec::<u32>::new());
    let_go(&stuck);
}

/// A private folder with an old object in it, in a sandbox whose processes are bound by modes;
/// where that object is.
fn private(sandbox: &mut Sandbox) -> PathBuf {
    sandbox.drop_privileges();
    sandbox.fill(&[], &[action("known")], b"known");
    let version = sandbox.store().join("VERSION");
    replace(&version, b"999\n");
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action("private"), b"private").kept();
    helper.close();
    assert!(path.starts_with(sandbox.path("temporary")), "{path:?}");
    sandbox.set_age(&path, 10 * DAY);
    replace(&version, b"2\n");
    // The session above has begun a sweep, when nothing was old yet.
    let _ = fs::remove_file(folder_of(&path).join("swept"));
    path
}

/// The private folder that an object is in.
fn folder_of(object: &std::path::Path) -> &std::path::Path {
    object.ancestors().nth(2).expect("folder/ab/object")
}

#[test]
fn a_private_folder_that_cannot_be_swept_keeps_no_store_from_its_trim() {
    let mut sandbox = Sandbox::new();
    let [entry, object] = old(&sandbox, "old");
    let stuck = private(&mut sandbox);
    set_mode(stuck.parent().expect("its folder"), 0o500);
    sandbox.is_due_for_trimming();
    let removals = [&entry, &object].map(|path| RemovalWatch::over(path));
    sandbox.helper(&[]).close();
    for removal in removals {
        removal.wait();
    }
    sandbox.settle();
    assert!(stuck.exists());
    let_go(&[stuck]);
}

#[test]
fn a_private_folder_without_room_for_a_mark_is_swept_all_the_same() {
    let mut sandbox = Sandbox::new();
    let object = private(&mut sandbox);
    set_mode(folder_of(&object), 0o500);
    let removal = RemovalWatch::over(&object);
    sandbox.helper(&[]).close();
    removal.wait();
    sandbox.settle();
    set_mode(folder_of(&object), 0o700);
}

#[test]
fn what_a_killed_sweep_left_goes_with_the_folder() {
    let mut sandbox = Sandbox::new();
    let object = private(&mut sandbox);
    let folder = folder_of(&object).to_owned();
    let left = folder.join(".new-of-a-killed-sweep");
    fs::write(&left, "").expect("it can be written");
    sandbox.set_age(&left, 10 * DAY);
    let removal = RemovalWatch::over(&folder);
    sandbox.helper(&[]).close();
    removal.wait();
}

#[test]
fn many_sweeps_at_once_are_in_nobodys_way() {
    let mut sandbox = Sandbox::new();
    for _ in 0..20 {
        let object = private(&mut sandbox);
        // The verb that sessions start, on its own: each must find that all is well.
        let sweeps: Vec<_> = (0..6)
            .map(|_| sandbox.cachewarden(&["trim"]).spawn().expect("it starts"))
            .collect();
        for mut sweep in sweeps {
            assert!(sweep.wait().expect("it ends").success());
        }
        assert!(!folder_of(&object).exists());
    }
}
