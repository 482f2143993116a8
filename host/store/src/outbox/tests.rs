use std::fs::{self, File, OpenOptions};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use super::*;
use crate::test_store::{HOUR, TestStore, new_entry, scope, set_age};
use crate::trim::{DEFAULT_AGE, TrimRequest};
use crate::{NewEntry, VerifyEvent};

fn tier() -> TierId {
    TierId::of("s3://bucket")
}

fn outbox(test: &TestStore) -> Outbox {
    test.store.outbox(tier()).unwrap()
}

fn action(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// A session that has noted these actions of scope `main`, and still runs.
fn session(test: &TestStore, id: u64, names: &[&str]) -> SessionOutbox {
    let mut session = outbox(test).of_session(SessionId(id));
    for name in names {
        session.note(&scope("main"), &action(name)).unwrap();
    }
    session
}

fn path(test: &TestStore, id: u64) -> PathBuf {
    outbox(test).folder.join(SessionId(id).to_string())
}

/// Everything that an uploader finds, and whether each file is gone afterwards.
fn upload(test: &TestStore) -> Vec<(Vec<Digest>, bool)> {
    let Some(queue) = outbox(test).take(Duration::ZERO).unwrap() else {
        return Vec::new();
    };
    let files = queue.files().unwrap();
    let read = files.iter().filter_map(|path| queue.open(path, 0));
    read.map(|mut file| {
        let mut actions = Vec::new();
        loop {
            let noted = file.read().unwrap();
            if noted.is_empty() {
                break;
            }
            actions.extend(noted.iter().map(|note| match note {
                Note::Entry(noted) if noted.scope == scope("main") => noted.action,
                other => panic!("{other:?}"),
            }));
        }
        (actions, file.remove_if_done().unwrap())
    })
    .collect()
}

#[test]
fn what_a_session_notes_stays_until_it_was_read_and_the_session_has_ended() {
    let test = TestStore::new();
    assert!(outbox(&test).is_empty());
    assert!(
        outbox(&test).take(Duration::ZERO).unwrap().is_none(),
        "nothing was noted"
    );
    assert_eq!(test.store.outbox_tiers(), []);
    let mut first = session(&test, 1, &["a", "b"]);
    assert_eq!(test.store.outbox_tiers(), [tier()]);
    set_age(&path(&test, 1), HOUR);
    drop(session(&test, 2, &["c"]));
    drop(session(&test, 3, &[]));
    let all = vec![
        (vec![action("a"), action("b")], false),
        (vec![action("c")], true),
    ];
    assert_eq!(upload(&test), all);
    first.note(&scope("main"), &action("d")).unwrap();
    let waiting = outbox(&test).waiting();
    assert_eq!(waiting.entries, 3);
    assert!(waiting.oldest.is_some() && !outbox(&test).is_empty());
    drop(first);
    let all = vec![(vec![action("a"), action("b"), action("d")], true)];
    assert_eq!(upload(&test), all);
    assert!(outbox(&test).is_empty());
    assert_eq!(outbox(&test).waiting(), Waiting::default());
}

#[test]
fn notes_that_come_after_the_last_read_keep_the_file() {
    let test = TestStore::new();
    let mut running = session(&test, 1, &["a"]);
    let queue = outbox(&test).take(Duration::ZERO).unwrap().unwrap();
    let mut file = queue.open(&path(&test, 1), 0).unwrap();
    assert_eq!(file.read().unwrap().len(), 1);
    assert!(file.read().unwrap().is_empty());
    assert!(!file.remove_if_done().unwrap(), "the session runs");
    running.note(&scope("main"), &action("b")).unwrap();
    drop(running);
    assert!(!file.remove_if_done().unwrap(), "something is left");
    let (scope, action) = (scope("main"), action("b"));
    let expected = Note::Entry(Noted { scope, action });
    assert_eq!(file.read().unwrap(), [expected]);
    assert!(file.remove_if_done().unwrap());
}

#[test]
fn one_uploader_has_a_tier_and_others_have_other_tiers() {
    let test = TestStore::new();
    drop(session(&test, 1, &["a"]));
    let queue = outbox(&test).take(Duration::ZERO).unwrap();
    assert!(queue.is_some() && outbox(&test).take(Duration::ZERO).unwrap().is_none());
    let other = test.store.outbox(TierId::of("elsewhere")).unwrap();
    other
        .of_session(SessionId(1))
        .note(&scope("main"), &action("a"))
        .unwrap();
    assert!(other.take(Duration::ZERO).unwrap().is_some());
    drop(queue);
    assert!(outbox(&test).take(Duration::ZERO).unwrap().is_some());
}

/// A crash can cut the last line, or leave zeros; a full disk can end a line in its middle.
#[test]
fn a_torn_line_is_ignored_and_never_read_as_another() {
    let test = TestStore::new();
    let whole = format!("{} main\n", action("a"));
    for cut in 1..whole.len() {
        let text = format!("{whole}{}{whole}{}", &whole[..cut], &whole[..cut]);
        drop(session(&test, 1, &["a"]));
        fs::write(path(&test, 1), text).unwrap();
        let found = upload(&test);
        assert_eq!(found, [(vec![action("a")], true)], "{cut}");
    }
    for garbage in [
        vec![0; 3 * CHUNK],
        vec![b'\n'; 3 * CHUNK],
        format!("{} ../../x\n", action("a")).into_bytes(),
        format!("{} a b\n", action("a")).into_bytes(),
        b"\xff\xfe\n".to_vec(),
    ] {
        drop(session(&test, 1, &["a"]));
        let text = [garbage, b"\n".to_vec(), whole.clone().into_bytes()].concat();
        fs::write(path(&test, 1), text).unwrap();
        assert_eq!(upload(&test), [(vec![action("a")], true)]);
    }
}

#[test]
fn many_notes_are_read_in_parts() {
    let test = TestStore::new();
    let names: Vec<_> = (0..3000).map(|number| number.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    drop(session(&test, 1, &names));
    assert_eq!(outbox(&test).waiting().entries, 3000);
    let expected: Vec<_> = names.iter().map(|name| action(name)).collect();
    assert_eq!(upload(&test), [(expected, true)]);
}

#[test]
#[cfg(unix)] // Links: wine makes none.
fn a_session_reports_once_that_nothing_is_noted() {
    let test = TestStore::new();
    fs::create_dir_all(path(&test, 1)).unwrap();
    let mut session = outbox(&test).of_session(SessionId(1));
    assert!(session.note(&scope("main"), &action("a")).is_err());
    session.note(&scope("main"), &action("a")).unwrap();
    assert!(upload(&test).is_empty());
    // The folder of the tier is a link to elsewhere.
    let tier = TierId::of("linked");
    let elsewhere = tempfile::tempdir().unwrap();
    let outbox = test.store.outbox(tier).unwrap();
    symlink(elsewhere.path(), &outbox.folder).unwrap();
    let mut session = outbox.of_session(SessionId(1));
    assert!(session.note(&scope("main"), &action("a")).is_err());
    assert!(outbox.take(Duration::ZERO).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
#[cfg(unix)] // Links: wine makes none.
fn what_is_no_file_of_a_session_is_neither_read_nor_removed() {
    let test = TestStore::new();
    drop(session(&test, 1, &["a"]));
    let secret = test.folder().join("secret");
    fs::write(&secret, format!("{} main\n", action("secret"))).unwrap();
    symlink(&secret, path(&test, 2)).unwrap();
    fs::create_dir(path(&test, 3)).unwrap();
    let fifo = path(&test, 4);
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o644.into()).unwrap();
    fs::write(outbox(&test).folder.join("readme"), "text\n").unwrap();
    assert_eq!(upload(&test), [(vec![action("a")], true)]);
    assert!(outbox(&test).is_empty());
    assert_eq!(outbox(&test).waiting(), Waiting::default());
    assert_eq!(files::names_in(&outbox(&test).folder).len(), 4);

    let mut findings = Vec::new();
    let verified = test.store.verify(
        true,
        |_| {},
        |event| {
            if let VerifyEvent::Finding(finding) = event {
                findings.push(finding.path);
            }
        },
    );
    let verified = verified.unwrap();
    assert_eq!(
        (verified.damaged, verified.unknown_files),
        (3, 2),
        "{findings:?}"
    );
}

/// The oldest notes of sessions that have ended.
#[test]
fn what_is_beyond_the_bounds_is_dropped_and_counted() {
    let test = TestStore::new();
    drop(session(&test, 1, &["a", "b"]));
    set_age(&path(&test, 1), DEFAULT_AGE);
    let _running = session(&test, 2, &["c"]);
    set_age(&path(&test, 2), DEFAULT_AGE);
    drop(session(&test, 3, &["d"]));
    let now = SystemTime::now();
    let drop_excess = || {
        outbox(&test)
            .take(Duration::ZERO)
            .unwrap()
            .unwrap()
            .drop_excess(now)
            .unwrap()
    };
    assert_eq!(drop_excess(), 2);
    assert_eq!(drop_excess(), 0);
    let dropped = outbox(&test).dropped();
    assert_eq!((dropped.entries, dropped.last.is_some()), (2, true));
    let names = [SessionId(2), SessionId(3)].map(|id| id.to_string());
    let left = files::names_in(&outbox(&test).folder);
    assert_eq!(left, [&names[0], &names[1], bounds::DROPPED]);

    // A trim does the same, in a store that no uploader looks at.
    set_age(&path(&test, 3), DEFAULT_AGE + Duration::from_secs(1));
    test.store.trim(&TrimRequest::default(), |_| {}).unwrap();
    assert_eq!(outbox(&test).dropped().entries, 3);
    set_age(&outbox(&test).folder.join(bounds::DROPPED), DEFAULT_AGE);
    assert_eq!(outbox(&test).dropped(), Dropped::default());
}

#[test]
fn the_oldest_notes_go_first_where_they_have_too_many_bytes() {
    let test = TestStore::new();
    for id in 1..=5 {
        drop(session(&test, id, &["a"]));
        let file = OpenOptions::new()
            .write(true)
            .open(path(&test, id))
            .unwrap();
        // A hole takes no room on the disk.
        file.set_len(20 << 20).unwrap();
        set_age(&path(&test, id), HOUR * (10 - id as u32));
    }
    let queue = outbox(&test).take(Duration::ZERO).unwrap().unwrap();
    assert_eq!(queue.drop_excess(SystemTime::now()).unwrap(), 2);
    assert_eq!(queue.files().unwrap(), [3, 4, 5].map(|id| path(&test, id)));
}

#[test]
fn an_unfinished_file_is_removed_by_a_trim_when_it_is_old() {
    let test = TestStore::new();
    drop(session(&test, 1, &["a"]));
    let left = outbox(&test).folder.join(".new-killed");
    File::create(&left).unwrap().write_all(b"x").unwrap();
    test.store.trim(&TrimRequest::default(), |_| {}).unwrap();
    assert!(left.exists());
    set_age(&left, 5 * HOUR);
    test.store.trim(&TrimRequest::default(), |_| {}).unwrap();
    assert!(!left.exists() && path(&test, 1).exists());
}

#[test]
#[cfg(unix)] // By user.
fn only_an_entry_that_may_travel_is_found_for_it() {
    use crate::entry::NO_USER;
    use cachewarden_system::user::id as user;
    let test = TestStore::new();
    let now = SystemTime::now();
    let entry = NewEntry {
        reach: Reach::Shared,
        user: user(),
        ..new_entry(test.put_object(b"object"), 6)
    };
    let lifetime = Some(Duration::from_secs(60));
    for (new, is_found) in [
        (entry, true),
        (NewEntry { lifetime, ..entry }, true),
        (
            NewEntry {
                reach: Reach::Local,
                ..entry
            },
            false,
        ),
        (
            NewEntry {
                user: user() + 1,
                ..entry
            },
            false,
        ),
        (
            NewEntry {
                user: NO_USER,
                ..entry
            },
            true,
        ),
    ] {
        let (main, action) = (scope("main"), action("a"));
        test.store.put_entry(&main, &action, new, now).unwrap();
        let found = test.store.shared_entry(&main, &action, now);
        assert_eq!(found.is_some(), is_found, "{new:?}");
        let later = now + HOUR;
        let found = test.store.shared_entry(&main, &action, later);
        assert_eq!(found.is_some(), is_found && new.lifetime.is_none());
        let elsewhere = test.store.shared_entry(&scope("other"), &action, now);
        assert!(elsewhere.is_none());
    }
}

#[test]
fn a_tier_has_the_same_folder_each_time() {
    assert_eq!(tier(), TierId::of("s3://bucket"));
    assert_ne!(tier(), TierId::of("s3://bucket2"));
    assert_eq!(tier().to_string().parse::<TierId>().unwrap(), tier());
    for other in [
        "",
        "12",
        "../../../../etc/x",
        "00FF00FF00FF00FF",
        "+0ff00ff00ff00ff",
    ] {
        assert!(other.parse::<TierId>().is_err(), "{other}");
    }
}

#[test]
fn why_an_upload_has_left_something_is_kept_until_one_has_not() {
    let test = TestStore::new();
    outbox(&test).note_end(Some("nothing was noted")).unwrap();
    assert_eq!(outbox(&test).failed_upload(), None);
    drop(session(&test, 1, &["a"]));
    outbox(&test)
        .note_end(Some("not\u{1b}[2J allowed"))
        .unwrap();
    let failed = outbox(&test).failed_upload().unwrap();
    assert!(!failed.reason.contains('\u{1b}'), "{failed:?}");
    assert!(failed.reason.contains("allowed"), "{failed:?}");
    let long = "\u{e9}".repeat(10_000);
    outbox(&test).note_end(Some(&long)).unwrap();
    assert!(outbox(&test).failed_upload().unwrap().reason.len() <= 1024);
    outbox(&test).note_end(None).unwrap();
    outbox(&test).note_end(None).unwrap();
    assert_eq!(outbox(&test).failed_upload(), None);
}

#[test]
fn what_only_a_person_can_change_is_taken_by_one_session_until_an_upload_has_left_nothing() {
    let test = TestStore::new();
    assert!(outbox(&test).note_refusal("denied").is_err(), "no folder");
    drop(session(&test, 1, &["a"]));
    let outbox = outbox(&test);
    let taken = || outbox.take_refusal().map(|refusal| refusal.reason);
    let refuse = |kind: &str| {
        outbox.note_end(Some(kind)).unwrap();
        outbox.note_refusal(kind).unwrap();
    };
    assert_eq!(taken(), None);
    refuse("denied");
    assert_eq!(taken().as_deref(), Some("denied"));
    assert_eq!(taken(), None, "it was said");
    refuse("denied");
    assert_eq!(taken(), None, "it is the same");
    refuse("other-layout");
    assert_eq!(taken().as_deref(), Some("other-layout"));
    let verified = test.store.verify(false, |_| (), |_| ()).unwrap();
    assert_eq!(verified.unknown_files, 0);
    outbox.note_end(None).unwrap();
    assert_eq!(taken(), None);
    refuse("denied");
    assert_eq!(taken().as_deref(), Some("denied"));
}

#[test]
fn what_a_session_has_asked_for_is_noted_where_it_has_put_something_and_counts_as_no_entry() {
    let test = TestStore::new();
    let asked: Vec<ActionPrefix> = (0..5000_u64).map(u64::to_be_bytes).collect();
    let mut silent = session(&test, 1, &[]);
    silent.note_asked(&scope("main"), &asked).unwrap();
    drop(silent);
    assert!(outbox(&test).is_empty());
    let mut session = session(&test, 2, &["a"]);
    session.note_asked(&scope("Pr-7"), &asked).unwrap();
    drop(session);
    assert_eq!(outbox(&test).waiting().entries, 1);
    let queue = outbox(&test).take(Duration::ZERO).unwrap().unwrap();
    let mut file = queue.open(&path(&test, 2), 0).unwrap();
    assert_eq!(file.lines_left(), 1);
    let mut read = Vec::new();
    while let notes = file.read().unwrap()
        && !notes.is_empty()
    {
        for note in notes {
            match note {
                Note::Entry(noted) => assert_eq!(noted.action, action("a")),
                Note::Asked(asked) => {
                    assert_eq!(asked.scope, scope("Pr-7"));
                    read.extend(asked.actions);
                }
            }
        }
    }
    assert_eq!(read, asked);
    assert!(file.remove_if_done().unwrap());
}
