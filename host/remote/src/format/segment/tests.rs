use super::*;

fn entry(name: &str, stored: Stored) -> (Digest, RemoteEntry) {
    let entry = RemoteEntry {
        output: Digest::of(name.as_bytes()),
        size: name.len() as u64,
        time: UNIX_EPOCH + Duration::from_nanos(1_790_000_000_123_456_789),
        kind: Kind::PackageArchive,
        role: Role::Unknown,
        facts: Facts::BUILD_ID_MATCHES,
        expires: Some(UNIX_EPOCH + Duration::from_secs(1_800_000_000)),
        producer: SessionId(7),
        stored,
    };
    (Digest::of(format!("action of {name}").as_bytes()), entry)
}

fn packed(offset: u32) -> Stored {
    Stored::Packed(Place {
        pack: Digest::of(b"pack"),
        offset,
        length: 10,
        encoding: Encoding::Zstd,
    })
}

fn entries() -> Vec<(Digest, RemoteEntry)> {
    let mut other = entry("other", Stored::Apart);
    (other.1.kind, other.1.expires) = (Kind::Other, None);
    vec![entry("a", packed(0)), entry("b", packed(1 << 31)), other]
}

/// The fixture is what the first version wrote. It must be read for ever, or the number of the format
/// changes.
#[test]
fn a_segment_is_as_the_first_version_wrote_it() {
    let fixture = include_bytes!("../fixtures/segment-1");
    let segment = Segment::from_value(fixture).unwrap();
    assert_eq!(segment.len(), 3);
    for (action, entry) in entries() {
        assert_eq!(segment.find(&action), Some(entry.clone()));
        let prefix = action.as_bytes().first_chunk().unwrap();
        assert_eq!(segment.find_prefix(prefix), Some((action, entry)));
    }
    let head = |value: &[u8]| value.split(|byte| *byte == b'\n').next().unwrap().to_vec();
    assert_eq!(head(&Segment::to_value(&entries())), head(fixture));
}

#[test]
fn an_action_that_is_not_there_is_not_found() {
    let value = Segment::to_value(&entries());
    let segment = Segment::from_value(&value).unwrap();
    for name in 0..1000 {
        let action = Digest::of(&u32::to_le_bytes(name));
        assert_eq!(segment.find(&action), None);
        assert!(!segment.has(&action));
    }
    assert_eq!(segment.find_prefix(&[0; 8]), None);
    assert_eq!(segment.find_prefix(&[255; 8]), None);
    let empty = Segment::from_value(&Segment::to_value(&[])).unwrap();
    assert!(empty.is_empty() && empty.find(&Digest::of(b"")).is_none());
}

#[test]
fn of_two_entries_for_one_action_the_first_counts() {
    let (first, mut second) = (entry("a", packed(0)), entry("a", packed(5)));
    second.1.size = 99;
    let value = Segment::to_value(&[first.clone(), second]);
    let all: Vec<_> = Segment::from_value(&value).unwrap().entries().collect();
    assert_eq!(all, [first]);
}

#[test]
fn what_is_no_segment_is_refused_and_nothing_is_unpacked_beyond_its_rows() {
    let good = Segment::to_value(&entries());
    let text = |from: &str, to: &str| {
        let at = good
            .windows(from.len())
            .position(|part| part == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{from}"));
        [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat()
    };
    let cut = good[..good.len() - 1].to_vec();
    for (bad, expected) in [
        (text("\"form\":1", "\"form\":2"), "form 2"),
        (text("\"rows\":3", "\"rows\":4"), "fewer rows"),
        (text("\"rows\":3", "\"rows\":2"), "bytes"),
        (text("\"rows\":3", "\"rows\":70000"), "too many"),
        (text("\"body\":\"", "\"body\":\"x"), "`body`"),
        (text("\"packs\":[\"", "\"packs\":[\"x"), "column"),
        (cut, "object"),
        (Vec::new(), "no line"),
    ] {
        let error = Segment::from_value(&bad).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let unknown = text("\"kind\":\"other\"", "\"kind\":\"later\"");
    let segment = Segment::from_value(&unknown).unwrap();
    assert_eq!(segment.entries().count(), 2, "the rest is known");
    assert!(!segment.is_known());
    // A pack or a content that the head does not have.
    let no_packs = text(
        &format!("\"packs\":[\"{}\"]", Digest::of(b"pack")),
        "\"packs\":[]",
    );
    let segment = Segment::from_value(&no_packs).unwrap();
    assert_eq!(segment.entries().count(), 1);
}
