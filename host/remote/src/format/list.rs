//! The names of a scope's segments, where a service does not list its keys.
//!
//! What always holds: the list is a hint. A segment that it does not name has no entries for whoever
//! reads, and one that it names in vain is left out. It names segments of its own scope alone.
//!
//! The value is a line of JSON, and behind it a line for each segment, the last part of its key, the
//! latest first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use cachewarden_types::ScopeName;

use super::entry::{EntryError, split_line};
use super::key::{FORMAT, index_prefix, time_of_name};

/// The most segments of a scope that are read and listed, the latest first. Uploads merge them long
/// before, where that makes fewer of them.
pub const MAX_SEGMENTS: usize = 512;

/// The largest value.
pub const MAX_LIST: u64 = (MAX_HEAD + MAX_SEGMENTS * LINE) as u64;

/// The most bytes of the first line, with room for fields of later versions.
const MAX_HEAD: usize = 4096;

/// Bytes of a name: two numbers of 16 hex digits, and what is between them.
const NAME: usize = 33;

/// Bytes of a name and its line break.
const LINE: usize = NAME + 1;

#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
}

/// The segments of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentList {
    names: BTreeSet<String>,
}

impl SegmentList {
    /// Reads a value.
    ///
    /// # Errors
    /// When it is of a later version, or no list.
    pub fn from_value(value: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: &str| EntryError::Malformed(why.to_owned());
        let (_, rest) = split_line(value, MAX_HEAD)?;
        let text = std::str::from_utf8(rest).map_err(|_| malformed("its lines are no text"))?;
        let mut names = BTreeSet::new();
        for line in text.split_inclusive('\n') {
            let name = line.strip_suffix('\n').filter(|name| is_name(name));
            let name = name.ok_or_else(|| malformed("a line is no name of a segment"))?;
            names.insert(name.to_owned());
        }
        match names.len() {
            0..=MAX_SEGMENTS => Ok(Self { names }),
            _ => Err(malformed("it has too many lines")),
        }
    }

    /// The value. Of more than [`MAX_SEGMENTS`] segments the latest are in it.
    pub fn to_value(&self) -> Vec<u8> {
        let mut value = serde_json::to_vec(&Head { form: FORMAT }).expect("a number");
        value.push(b'\n');
        for name in self.names.iter().rev().take(MAX_SEGMENTS) {
            value.extend_from_slice(name.as_bytes());
            value.push(b'\n');
        }
        value
    }

    /// The keys of the segments, which are those of this scope.
    pub fn keys(&self, scope: &ScopeName) -> Vec<String> {
        let prefix = index_prefix(scope);
        let names = self.names.iter();
        names.map(|name| format!("{prefix}{name}")).collect()
    }

    /// The list with the segments at some keys, and without those at others.
    #[must_use]
    pub fn with_and_without(&self, with: &[String], without: &[String]) -> Self {
        let mut names = self.names.clone();
        for key in without {
            names.remove(name_of(key));
        }
        let with: BTreeSet<_> = with.iter().map(|key| name_of(key).to_owned()).collect();
        // The oldest go, but none that is new here.
        names.retain(|name| !with.contains(name));
        while names.len() + with.len() > MAX_SEGMENTS && names.pop_first().is_some() {}
        names.extend(with);
        Self { names }
    }
}

fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    time_of_name(name).is_some()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::format::segment_key;

    fn main() -> ScopeName {
        "Main".parse().unwrap()
    }

    fn key(millis: u64) -> String {
        let written = UNIX_EPOCH + Duration::from_millis(millis);
        segment_key(&main(), written, &millis.to_le_bytes())
    }

    fn list(millis: impl IntoIterator<Item = u64>) -> SegmentList {
        let keys: Vec<_> = millis.into_iter().map(key).collect();
        SegmentList::default().with_and_without(&keys, &[])
    }

    /// The fixture is what the first version wrote. It must be read for ever, or the number of the
    /// format changes.
    #[test]
    fn a_list_is_as_the_first_version_wrote_it() {
        let fixture = include_bytes!("fixtures/list-1");
        let list = list([1_790_000_000_123, 1_790_000_000_456]);
        assert_eq!(
            String::from_utf8_lossy(&list.to_value()),
            String::from_utf8_lossy(fixture)
        );
        assert_eq!(SegmentList::from_value(fixture).unwrap(), list);
        let keys = [key(1_790_000_000_123), key(1_790_000_000_456)];
        assert_eq!(list.keys(&main()), keys);
    }

    #[test]
    fn what_was_merged_goes_and_the_latest_stay_however_many_there_are() {
        let full = list(10..MAX_SEGMENTS as u64 + 10).with_and_without(&[key(1)], &[]);
        assert!(full.keys(&main()).contains(&key(1)), "what is new stays");
        assert_eq!(full.keys(&main()).len(), MAX_SEGMENTS);
        let merged = list([1, 2, 3]).with_and_without(&[key(4)], &[key(1), key(3), key(9)]);
        assert_eq!(merged, list([2, 4]));
        let many = list(0..MAX_SEGMENTS as u64 + 10);
        let value = many.to_value();
        assert!(value.len() as u64 <= MAX_LIST);
        let read = SegmentList::from_value(&value).unwrap();
        assert_eq!(read, list(10..MAX_SEGMENTS as u64 + 10));
        // One that is merged keeps its place, by the time of what is in it.
        let again = list([5, 6]).with_and_without(&[key(5)], &[key(5)]);
        assert_eq!(again, list([5, 6]));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let good = String::from_utf8(list([1]).to_value()).unwrap();
        let line = good.lines().last().unwrap();
        let endless: String = (0..MAX_SEGMENTS + 1)
            .map(|number| format!("{number:016x}-{number:016x}\n"))
            .collect();
        for (bad, expected) in [
            (good.trim_end().to_owned(), "no name"),
            (good.replace(line, "../../elsewhere"), "no name"),
            (good.replace(line, &line.to_uppercase()), "no name"),
            (good.replace("\n0", "\n+"), "no name"),
            (good.replace("\n0", "\n\n0"), "no name"),
            (good.replace("\"form\":1", "\"form\":2"), "form 2"),
            (format!("{{\"form\":1}}\n{endless}"), "too many"),
            (String::new(), "no line"),
            ("{}\n".to_owned(), "column 2"),
        ] {
            let error = SegmentList::from_value(bad.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{bad}: {error}");
        }
        let added = good.replace("{", "{\"later\":[7],");
        assert_eq!(
            SegmentList::from_value(added.as_bytes()).unwrap(),
            list([1])
        );
    }
}
