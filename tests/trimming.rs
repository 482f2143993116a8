//! What goes, what stays, and that nobody waits for it.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::support::*;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Puts something and lets it look as if it had been used last so long ago; its entry and its
/// object.
fn aged(
    sandbox: &Sandbox,
    name: &str,
    entry_age: Duration,
    object_age: Duration,
) -> (PathBuf, PathBuf) {
    let mut helper = sandbox.helper(&[]);
    helper.put(&action(name), name.as_bytes()).kept();
    helper.close();
    let store = sandbox.store();
    let paths = (
        entry_path(&store, "default", &action(name)),
        object_path(&store, &sha256(name.as_bytes())),
    );
    sandbox.set_age(&paths.0, entry_age);
    sandbox.set_age(&paths.1, object_age);
    paths
}

#[test]
fn what_was_not_used_for_five_days_goes_and_the_rest_stays() {
    let sandbox = Sandbox::new();
    let (old_entry, old_object) = aged(&sandbox, "old", 6 * DAY, 6 * DAY);
    let (entry, object) = aged(&sandbox, "entry only", 5 * DAY + HOUR, 5 * DAY + HOUR);
    let (kept_entry, kept_object) = aged(&sandbox, "kept", 4 * DAY, 4 * DAY);
    let (new_entry, new_object) = aged(&sandbox, "new", Duration::ZERO, Duration::ZERO);
    let (lone_entry, shared_object) = aged(&sandbox, "shared object", 6 * DAY, HOUR);
    sandbox.is_due_for_trimming();

    let removals = [&old_entry, &old_object, &entry, &object, &lone_entry]
        .map(|path| RemovalWatch::over(path));
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("something else")).miss();
    assert_eq!(helper.close(), "");
    for removal in removals {
        removal.wait();
    }
    assert!(shared_object.exists(), "somebody used it an hour ago");
    for path in [kept_entry, kept_object, new_entry, new_object] {
        assert!(path.exists(), "{}", path.display());
    }
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("old")).miss();
    helper.get(&action("kept")).hit();
    helper.close();
}

#[test]
fn a_store_beyond_its_size_loses_what_was_used_least_recently() {
    let sandbox = Sandbox::new();
    let body = |number: u8| vec![number; 100_000];
    let mut helper = sandbox.helper(&[]);
    for number in 0..5 {
        helper
            .put(&action(&format!("sized {number}")), &body(number))
            .kept();
    }
    helper.close();
    let store = sandbox.store();
    for number in 0..5_u8 {
        // The last one was used within the last three hours: it stays, whatever the size.
        let age = HOUR * 10 * u32::from(4 - number) + HOUR;
        sandbox.set_age(
            &entry_path(&store, "default", &action(&format!("sized {number}"))),
            age,
        );
        sandbox.set_age(&object_path(&store, &sha256(&body(number))), age);
    }
    sandbox.is_due_for_trimming();
    let gone =
        [0, 1, 2].map(|number| RemovalWatch::over(&object_path(&store, &sha256(&body(number)))));
    sandbox.helper(&["--max-size", "250KB"]).close();
    for removal in gone {
        removal.wait();
    }
    let mut helper = sandbox.helper(&[]);
    for number in 0..3 {
        helper.get(&action(&format!("sized {number}"))).miss();
    }
    for number in 3..5 {
        assert_eq!(
            helper
                .get(&action(&format!("sized {number}")))
                .hit()
                .bytes(),
            body(number)
        );
    }
    helper.close();
}

/// Origin: what was used less than three hours ago went, where its mark was nearly an hour old then.
#[test]
fn what_was_used_in_the_last_three_hours_is_never_removed() {
    let sandbox = Sandbox::new();
    let (entry, object) = aged(&sandbox, "in use", 50 * MINUTE, 50 * MINUTE);
    let (old_entry, _) = aged(&sandbox, "old", 6 * DAY, 6 * DAY);
    let marks = [&entry, &object].map(|path| modified(path));
    let mut helper = sandbox.helper(&[]);
    helper.get(&action("in use")).hit();
    helper.close();
    // Such a use marks nothing anew.
    assert_eq!([&entry, &object].map(|path| modified(path)), marks);
    for path in [&entry, &object] {
        set_time(path, modified(path) - (3 * HOUR - 5 * MINUTE));
    }
    sandbox.is_due_for_trimming();
    // The old one is in there to know when the trimmer has been.
    let been = RemovalWatch::over(&old_entry);
    sandbox.helper(&["--max-size", "1B"]).close();
    been.wait();
    sandbox.run(&["prune", "--max-size", "1B"]).succeeded();
    assert!(entry.exists() && object.exists());
}

#[test]
fn trimming_happens_at_most_once_a_day() {
    let sandbox = Sandbox::new();
    let (first, _) = aged(&sandbox, "first", 6 * DAY, 6 * DAY);
    sandbox.is_due_for_trimming();
    let been = RemovalWatch::over(&first);
    sandbox.helper(&[]).close();
    been.wait();
    sandbox.settle();
    let (second, _) = aged(&sandbox, "second", 6 * DAY, 6 * DAY);
    sandbox.helper(&[]).close();
    // A trimmer that had been started would still be there, or it would have done its work.
    let trimmers = processes_of(&sandbox.store());
    assert!(trimmers.is_empty() && second.exists(), "{trimmers:?}");
}

#[test]
fn what_a_killed_session_left_half_written_is_swept() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    let body = vec![7; 8_000_000];
    let message = put_message(helper.next_id(), &action("cut"), &sha256(&body), &body);
    // More than any pipe holds: when all of this is written, some of it has been read and kept
    // somewhere.
    helper.write(&message[..message.len() - 1000]);
    helper.signal(Signal::KILL);
    helper.ending();
    let left = files_below(&sandbox.store().join("objects"));
    assert!(!left.contains(&object_path(&sandbox.store(), &sha256(&body))));
    sandbox.fill(&[], &[action("whole")], b"whole");

    for path in &left {
        sandbox.set_age(path, 6 * DAY);
    }
    let watches: Vec<_> = left.iter().map(|path| RemovalWatch::over(path)).collect();
    sandbox.is_due_for_trimming();
    sandbox.helper(&[]).close();
    for watch in watches {
        watch.wait();
    }
    assert_eq!(
        files_below(&sandbox.store().join("objects")),
        [object_path(&sandbox.store(), &sha256(b"whole"))]
    );
}

#[test]
fn nothing_is_taken_from_a_session_that_was_told_of_it() {
    // Not until so many prunes are over: each takes the longer, the more was put meanwhile.
    const PUTS: u32 = 4000;
    let sandbox = Sandbox::new();
    // Without a store there is nothing to prune, which is an error.
    sandbox.fill(&[], &[action("first")], b"first");
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let pruning = threads.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                sandbox.run(&["prune"]).succeeded();
            }
        });
        let (mut before, mut now) = (sandbox.helper(&[]), sandbox.helper(&[]));
        let paths: Vec<_> = (0..PUTS)
            .map(|number| {
                let (action, body) = (action(&number.to_string()), number.to_be_bytes().repeat(50));
                before.put(&action, &body).kept();
                // Long unused, and wanted the moment that it is removed.
                for path in [
                    entry_path(&sandbox.store(), "default", &action),
                    object_path(&sandbox.store(), &sha256(&body)),
                ] {
                    // It may be gone already.
                    let _ = set_time_if_there(&path, SystemTime::now() - 10 * DAY);
                }
                let answer = now.get(&action);
                if answer.is_miss() {
                    now.put(&action, &body).kept()
                } else {
                    answer.hit().path
                }
            })
            .collect();
        over.store(true, Ordering::SeqCst);
        pruning.join().expect("it prunes");
        for path in &paths {
            assert!(path.exists(), "{}", path.display());
        }
        before.close();
        now.close();
    });
}

#[test]
fn what_others_are_still_writing_is_in_no_prunes_way() {
    let sandbox = Sandbox::new();
    sandbox.fill(&[], &[action("kept")], b"kept");
    thread::scope(|threads| {
        let pruning =
            threads.spawn(|| (0..60).for_each(|_| drop(sandbox.run(&["prune"]).succeeded())));
        // As sessions do that make a store, all at once: each file has its name in a moment.
        let names: Vec<_> = (0..200)
            .map(|number| sandbox.store().join(format!(".new-{number}")))
            .collect();
        while !pruning.is_finished() {
            for name in &names {
                fs::write(name, b"2\n").expect("it can be written");
            }
            for name in &names {
                fs::remove_file(name).expect("it is there: it is new");
            }
        }
    });
}

#[test]
fn a_trimmer_that_was_stopped_with_its_lock_stops_no_build() {
    let sandbox = Sandbox::new();
    let (_, object) = aged(&sandbox, "old", 2 * HOUR, 2 * HOUR);
    let bucket = fs::File::open(object.parent().expect("its bucket")).expect("the bucket");
    bucket.lock().expect("its lock");
    let mut helper = sandbox.helper(&[]);
    // Nobody can be kept from removing what looks old; what is new nobody may remove.
    helper.get(&action("old")).miss();
    let path = helper.put(&action("new"), b"old").kept();
    assert_eq!(fs::read(path).expect("the object"), b"old");
    helper.close();
    drop(bucket);
    let mut helper = sandbox.helper(&[]);
    assert_eq!(helper.get(&action("old")).hit().bytes(), b"old");
    helper.close();
}

#[test]
fn what_a_long_session_put_itself_is_in_use_when_it_is_wanted_again() {
    let sandbox = Sandbox::new();
    let mut helper = sandbox.helper(&[]);
    let path = helper.put(&action("own"), b"own").kept();
    make_older(&path, 5 * HOUR);
    helper.get(&action("own")).hit();
    sandbox.run(&["prune", "--max-size", "1B"]).succeeded();
    assert!(path.exists(), "it was answered just now");
    helper.close();
}
