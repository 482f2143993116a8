use super::*;
use crate::format::key::segment_key;
use crate::testing;

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

/// Reads a value by the key that it has.
fn read(value: &[u8]) -> Result<Segment, EntryError> {
    let key = segment_key(&"main".parse().unwrap(), UNIX_EPOCH, value);
    Segment::from_value(&key, value)
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
    let segment = read(fixture).unwrap();
    assert_eq!(segment.len(), 3);
    for (action, entry) in entries() {
        assert_eq!(segment.find(&action), Some(entry.clone()));
        let prefix = action.as_bytes().first_chunk().unwrap();
        assert_eq!(segment.find_prefix(prefix), Some((action, entry)));
    }
    let key = segment_key(
        &"main".parse().unwrap(),
        UNIX_EPOCH + Duration::from_millis(1_790_000_000_123),
        fixture,
    );
    assert_eq!(key, "v1/index/main/000001a0c4506c7b-985305b4a3ace22e");
    assert!(Segment::from_value(&key, fixture).is_ok());
    let head = |value: &[u8]| value.split(|byte| *byte == b'\n').next().unwrap().to_vec();
    assert_eq!(head(&testing::segment(&entries())), head(fixture));
}

#[test]
fn an_action_that_is_not_there_is_not_found() {
    let value = testing::segment(&entries());
    let segment = read(&value).unwrap();
    for name in 0..1000 {
        let action = Digest::of(&u32::to_le_bytes(name));
        assert_eq!(segment.find(&action), None);
        assert!(!segment.has(&action));
    }
    assert_eq!(segment.find_prefix(&[0; 8]), None);
    assert_eq!(segment.find_prefix(&[255; 8]), None);
    let empty =
        read(b"{\"form\":1,\"rows\":0,\"body\":\"plain\",\"packs\":[],\"contents\":[]}\n").unwrap();
    assert!(empty.is_empty() && empty.find(&Digest::of(b"")).is_none());
}

#[test]
fn of_two_entries_for_one_action_the_first_counts() {
    let (first, mut second) = (entry("a", packed(0)), entry("a", packed(5)));
    second.1.size = 99;
    let value = testing::segment(&[first.clone(), second]);
    let all: Vec<_> = read(&value).unwrap().entries().collect();
    assert_eq!(all, [first]);
}

#[test]
fn what_is_no_segment_is_refused_and_nothing_is_unpacked_beyond_its_rows() {
    let good = testing::segment(&entries());
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
        let error = read(&bad).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let unknown = text("\"kind\":\"other\"", "\"kind\":\"later\"");
    let segment = read(&unknown).unwrap();
    assert_eq!(segment.entries().count(), 2, "the rest is known");
    assert!(!segment.is_known());
    // A pack or a content that the head does not have.
    let no_packs = text(
        &format!("\"packs\":[\"{}\"]", Digest::of(b"pack")),
        "\"packs\":[]",
    );
    let segment = read(&no_packs).unwrap();
    assert_eq!(segment.entries().count(), 1);
}

/// Origin: a merge named 8,000 packs, and nobody could read the segment that it left.
#[test]
fn whatever_entries_name_the_segments_of_them_can_be_read() {
    let pack = |number: usize| Digest::of(&number.to_le_bytes());
    let all_facts = (0..1 << 8).map(|bits: u32| {
        let names = [
            "build-id-matches",
            "remote",
            "audited",
            "diverged",
            "disputed",
        ];
        let names = names
            .iter()
            .chain(&["witnesses-2", "witnesses-3", "witnesses-4"]);
        let named = names.enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
        known_facts(named.map(|(_, name)| (*name).to_owned()).collect())
    });
    let all_facts: Vec<_> = all_facts.collect();
    // Rows, packs and contents: of each, few, many, and as many as there can be.
    for (rows, packs, contents) in [
        (1, 1, 1),
        (8_000, 7_700, 1),
        (9_000, 9_000, 20),
        (MAX_ROWS, 3, 40_000),
        (MAX_ROWS + 5, MAX_ROWS + 5, 2),
    ] {
        let entries: Vec<_> = (0..rows)
            .map(|number| {
                let place = Place {
                    pack: pack(number % packs),
                    offset: number as u32,
                    length: 10,
                    encoding: Encoding::Zstd,
                };
                let (action, mut entry) = entry(&number.to_string(), Stored::Packed(place));
                let content = number % contents;
                entry.facts = all_facts[content % all_facts.len()];
                entry.role = Role::Numbered((100 + content / all_facts.len()) as u32);
                (action, entry)
            })
            .collect();
        let mut found = std::collections::HashMap::new();
        for value in Segment::to_values(&entries) {
            assert!(value.len() as u64 <= MAX_SEGMENT);
            let segment = read(&value).unwrap();
            assert!(segment.len() <= MAX_ROWS && segment.is_known());
            found.extend(segment.entries());
        }
        assert!(found == entries.into_iter().collect(), "{rows} {packs}");
    }
}
