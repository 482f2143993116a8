//! Archives of `go fix` (Go 1.26): it writes every file that one names, absolute paths too.

use super::*;

#[test]
fn an_archive_of_fixes_that_others_put_makes_fix_write_nothing() {
    let mut scene = Scene::new(RUNES);
    scene.go(&["fix", "./lib"]).succeeded();
    let written = scene.sandbox.path("written");
    let archive = zip(written.to_str().expect("UTF-8"), b"by the poisoner");
    let keys: Vec<_> = scene
        .entries_of("fix-archive")
        .iter()
        .map(Entry::action)
        .collect();
    let objects: Vec<_> = keys.iter().map(|key| (*key, &archive[..])).collect();
    scene.poison(&[], &objects);
    for reader in READERS {
        scene.read(reader, &["fix", "./lib"]).succeeded();
        assert_eq!(
            fs::remove_file(&written).is_ok(),
            reader.shares_the_scope(),
            "{reader:?}"
        );
    }
}

/// A zip file may have anything before it. Whoever may put can make that the beginning of a package
/// archive whose build ID names the very key, and so what every policy takes.
#[test]
fn an_archive_of_fixes_that_begins_as_a_package_archive_makes_fix_write_nothing() {
    let mut scene = Scene::new(RUNES);
    scene.go(&["fix", "./lib"]).succeeded();
    let written = scene.sandbox.path("written");
    let zip = zip(written.to_str().expect("UTF-8"), b"by the poisoner");
    let entries = scene.entries_of("fix-archive");
    let objects = entries.iter().map(|entry| {
        let key = entry.action();
        (key, archive_around(&key, &zip))
    });
    let objects: Vec<_> = objects.collect();
    let objects: Vec<_> = objects
        .iter()
        .map(|(key, body)| (*key, &body[..]))
        .collect();
    scene.poison(&[], &objects);
    scene.read_plainly(&["fix", "./lib"]).succeeded();
    fs::remove_file(&written).expect("go's own cache lets it write there");
    for reader in READERS {
        scene.read(reader, &["fix", "./lib"]).succeeded();
        assert!(!written.exists(), "{reader:?}");
    }
}

/// A zip file with one file in it, not compressed.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).expect("small").to_le_bytes();
    let half = |number: usize| u16::try_from(number).expect("small").to_le_bytes();
    // Version, flags, method, time, date; checksum; sizes; the length of the name, that of extra
    // fields.
    let described = [
        &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &crc32(content).to_le_bytes(),
        &number(content.len()),
        &number(content.len()),
        &half(name.len()),
        &half(0),
    ]
    .concat();
    let file = [b"PK\x03\x04", &described[..], name.as_bytes(), content].concat();
    // What made it; then the comment, the disk, attributes and the place of the file.
    let listed = [
        b"PK\x01\x02\x14\0",
        &described[..],
        &[0; 14],
        name.as_bytes(),
    ]
    .concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &number(listed.len())[..],
        &number(file.len()),
        &half(0),
    ]
    .concat();
    [file, listed, end].concat()
}

/// The checksum that zip files have.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}
