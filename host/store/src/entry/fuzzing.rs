//! What must hold for any bytes in an entry's file.

use super::*;

/// What can be read can be written and read again, and its boot can be changed in place.
pub fn entry_line(bytes: &[u8]) {
    let Some(read) = Entry::from_line(bytes) else {
        return;
    };
    let again = read.entry.to_line();
    let twice = Entry::from_line(again.as_bytes()).expect("what is written can be read");
    assert_eq!(twice.entry, read.entry);
    assert_eq!(twice.entry.to_line(), again);
    // The boot is changed in place: the rest of the line must stay what it is.
    let mut changed = bytes.to_vec();
    let boot = BootId::of("another").to_string();
    let start = read.boot_offset as usize;
    changed[start..start + boot.len()].copy_from_slice(boot.as_bytes());
    let changed = Entry::from_line(&changed).expect("it is an entry still");
    let expected = Entry {
        boot: BootId::of("another"),
        ..read.entry
    };
    assert_eq!(changed.entry, expected);
    // What an answer says of it can be written.
    humantime::format_rfc3339_nanos(read.entry.time).to_string();
    read.entry.has_expired(UNIX_EPOCH);
}
