//! What must hold for any bytes in a file of records.

use super::*;

/// What can be read can be written and read again, and a record that is added stays within the
/// bounds.
pub fn witness_records(bytes: &[u8]) {
    let records = Records::from_lines(bytes);
    let lines = records.to_lines();
    assert!(lines.len() <= MAX_FILE && Records::are_whole(lines.as_bytes()));
    assert_eq!(Records::from_lines(lines.as_bytes()), records);
    let Some(first) = records.0.first() else {
        return;
    };
    let other = Record {
        output: Digest::of(bytes),
        ..first.clone()
    };
    let mut added = records.clone();
    assert!(added.add(other.clone()), "nobody has put its hash");
    assert!(added.0.len() <= MAX_RECORDS && added.0.contains(&other));
    assert!(!added.add(other));
    let all = added.summary(&first.output, |_| true);
    let none = added.summary(&first.output, |_| false);
    assert!((1..=MAX_RECORDS).contains(&all.count) && all.is_disputed);
    assert_eq!(none, Witnesses::NONE);
}
