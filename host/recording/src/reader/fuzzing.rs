//! What must hold for any text.

use super::super::writer::WithId;
use super::*;

/// What can be read can be written and read again; what cannot is refused by its file.
pub fn recording(bytes: &[u8]) {
    check_scan(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let file = Path::new("cases.jsonl");
    match parse(file, text) {
        Ok(lines) => lines.iter().for_each(check_read_back),
        Err(error) => assert!(error.to_string().starts_with("cases.jsonl:"), "{error}"),
    }
}

/// Each line is found or counted as torn.
fn check_scan(bytes: &[u8]) {
    let mut found = 0;
    let torn = scan(bytes, |_| found += 1).expect("bytes in memory");
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.trim_ascii().is_empty());
    assert_eq!(found + torn, lines.count());
}

/// What was read can be written, and be read back to the same.
fn check_read_back(read: &NumberedLine) {
    let id = read.id.as_deref();
    let line = WithId {
        id,
        policy_index: read.policy_index,
        line: &read.line,
    };
    let json = serde_json::to_string(&line).expect("it can be written");
    let again = parse(Path::new("again.jsonl"), &json).expect("it can be read");
    assert_eq!(again.len(), 1, "{json}");
    assert_eq!(again[0].id.as_deref(), id);
    assert_eq!(format!("{:?}", again[0].line), format!("{:?}", read.line));
}
