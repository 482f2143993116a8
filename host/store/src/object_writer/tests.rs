//! Tests of the object writer, with other files in the place of the object.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::*;
use crate::test_store::{HOUR, TestStore, files_below, modified, overwrite, set_age};

const BODY: &[u8] = b"the bytes of an object";

/// Puts bytes under the name of the body, in parts of this length.
fn put(test: &TestStore, bytes: &[u8], part: usize) -> Result<StoredObject, PutError> {
    let mut writer = test.store.receive(Digest::of(BODY));
    bytes.chunks(part).for_each(|part| writer.write(part));
    writer.finish()
}

fn object(test: &TestStore) -> std::path::PathBuf {
    test.object(&Digest::of(BODY))
}

/// Checks that the object exists, complete and read-only, and that there is no other file.
fn assert_whole(test: &TestStore) {
    assert_eq!(fs::read(object(test)).unwrap(), BODY);
    let mode = fs::metadata(object(test)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, OBJECT_MODE);
    assert_eq!(test.files(), [object(test)]);
    assert_eq!(files_below(&test.private()), [] as [&Path; 0]);
}

#[test]
fn an_object_is_whole_whatever_lay_in_its_place_and_however_its_bytes_come() {
    type Obstacle = fn(&Path);
    let damages: [Obstacle; 7] = [
        |_| {},
        |object| fs::remove_file(object).unwrap(),
        |object| overwrite(object, b"the bytes of an OBJECT"),
        |object| overwrite(object, b"THE bytes of an object"),
        |object| overwrite(object, b"the bytes"),
        |object| overwrite(object, b""),
        |object| overwrite(object, b"the bytes of an object, and more"),
    ];
    let links: [Obstacle; 2] = [
        |object| {
            fs::remove_file(object).unwrap();
            symlink("/dev/zero", object).unwrap();
        },
        |object| {
            fs::remove_file(object).unwrap();
            symlink("/nowhere", object).unwrap();
        },
    ];
    for (number, spoil) in damages.into_iter().chain(links).enumerate() {
        for part in [1, 5, BODY.len(), 1000] {
            let test = TestStore::new();
            put(&test, BODY, part).unwrap();
            spoil(&object(&test));
            let stored = put(&test, BODY, part).unwrap();
            assert_eq!(stored.location, Location::Store, "case {number}");
            assert_eq!(stored.size, BODY.len() as u64);
            assert!(stored.store_error.is_none(), "{stored:?}");
            assert_whole(&test);
        }
    }
}

#[test]
fn an_object_that_is_there_stays_the_same_file_and_is_marked_as_used() {
    let test = TestStore::new();
    put(&test, BODY, 1000).unwrap();
    let old = set_age(&object(&test), 100 * HOUR);
    let before = fs::metadata(object(&test)).unwrap();
    put(&test, BODY, 7).unwrap();
    let after = fs::metadata(object(&test)).unwrap();
    let number = std::os::unix::fs::MetadataExt::ino;
    assert_eq!(number(&after), number(&before));
    assert!(modified(&object(&test)) > old);
}

#[test]
fn other_bytes_than_were_announced_are_not_kept() {
    for body in [&b"others"[..], b"", &BODY[1..], b"the bytes of an object!"] {
        for is_there in [false, true] {
            let test = TestStore::new();
            if is_there {
                put(&test, BODY, 1000).unwrap();
            }
            match put(&test, body, 5) {
                Err(PutError::WrongHash { expected, found }) => {
                    assert_eq!((expected, found), (Digest::of(BODY), Digest::of(body)));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(test.files().len(), usize::from(is_there), "{body:?}");
            assert_eq!(object(&test).exists(), is_there);
        }
    }
}

#[test]
fn what_is_given_up_half_way_leaves_nothing() {
    let test = TestStore::new();
    for bytes in [&b""[..], b"the bytes"] {
        let mut writer = test.store.receive(Digest::of(BODY));
        writer.write(bytes);
        drop(writer);
        assert_eq!(test.files(), [] as [&Path; 0]);
    }
}

#[test]
fn an_object_that_is_removed_while_it_is_compared_is_written_again() {
    for replacement in [None, Some(&b"short"[..])] {
        let test = TestStore::new();
        put(&test, BODY, 1000).unwrap();
        let mut writer = test.store.receive(Digest::of(BODY));
        writer.write(&BODY[..10]);
        fs::remove_file(object(&test)).unwrap();
        if let Some(bytes) = replacement {
            fs::write(object(&test), bytes).unwrap();
        }
        writer.write(&BODY[10..]);
        let stored = writer.finish().unwrap();
        assert_eq!(stored.location, Location::Store);
        assert_whole(&test);
    }
}

/// A folder in which no object can be created.
fn obstruct(test: &TestStore, obstacle: &str) {
    let (object, bucket) = (object(test), object(test));
    let bucket = bucket.parent().unwrap();
    match obstacle {
        "a file in place of the bucket" => {
            fs::create_dir_all(bucket.parent().unwrap()).unwrap();
            fs::write(bucket, b"").unwrap();
        }
        "a file in place of all objects" => fs::write(bucket.parent().unwrap(), b"").unwrap(),
        "a folder in place of the object" => fs::create_dir_all(object.join("inside")).unwrap(),
        _ => unreachable!("{obstacle}"),
    }
}

const OBSTACLES: [&str; 3] = [
    "a file in place of the bucket",
    "a file in place of all objects",
    "a folder in place of the object",
];

#[test]
fn what_the_store_does_not_take_goes_to_the_private_folder() {
    for obstacle in OBSTACLES {
        for part in [3, 1000] {
            let test = TestStore::new();
            obstruct(&test, obstacle);
            let stored = put(&test, BODY, part).unwrap();
            assert_eq!(stored.location, Location::Private, "{obstacle}");
            assert!(stored.store_error.is_some(), "{obstacle}");
            let kept = files_below(&test.private());
            let [kept] = &kept[..] else {
                panic!("{obstacle}: one object: {kept:?}")
            };
            assert_eq!(fs::read(kept).unwrap(), BODY, "{obstacle}");
            let now = SystemTime::now();
            let output = Digest::of(BODY);
            let is_there = |location| {
                test.store
                    .object_exists(location, &output, stored.size, now)
            };
            assert!(is_there(Location::Private) && !is_there(Location::Store));
        }
    }
}

#[test]
fn where_neither_takes_it_the_put_fails_and_nothing_is_left() {
    for obstacle in OBSTACLES {
        let test = TestStore::new();
        obstruct(&test, obstacle);
        let before = test.files();
        fs::write(test.private(), b"").unwrap();
        let result = put(&test, BODY, 3);
        assert!(matches!(result, Err(PutError::Write(_))), "{result:?}");
        assert_eq!(test.files(), before, "{obstacle}");
    }
}

#[test]
fn a_private_folder_that_others_may_enter_is_not_used() {
    for mode in [0o755, 0o777, 0o710] {
        let test = TestStore::new();
        obstruct(&test, OBSTACLES[0]);
        fs::create_dir(test.private()).unwrap();
        fs::set_permissions(test.private(), fs::Permissions::from_mode(mode)).unwrap();
        let result = put(&test, BODY, 1000);
        assert!(matches!(result, Err(PutError::Write(_))), "{mode:o}");
        assert_eq!(files_below(&test.private()), [] as [&Path; 0]);
    }
}

#[test]
fn without_a_store_everything_is_private() {
    let test = TestStore::new();
    let store = crate::Store {
        shared: None,
        private: Arc::new(PrivateObjects::in_folder(
            test.private(),
            crate::files::lock_timeout(),
        )),
        ..crate::Store::without_folder()
    };
    let mut writer = store.receive(Digest::of(BODY));
    writer.write(BODY);
    let stored = writer.finish().unwrap();
    assert_eq!(stored.location, Location::Private);
    assert_eq!(files_below(&test.private()).len(), 1);
}
