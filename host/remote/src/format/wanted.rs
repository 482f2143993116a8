//! What builds of a scope have asked for: a machine that has nothing yet fetches it before it is
//! asked.
//!
//! What always holds: the list is a hint. Whatever it says, an action that it names is looked up in
//! the index, and what it names in vain costs some bytes.
//!
//! The value is a line of JSON, and behind it an item of nine bytes for each action: its first eight
//! bytes, and how many of the last builds have not asked for it. First comes what the last build has
//! asked for, in that order. So what two kinds of builds ask for, such as tests and releases, stays
//! as long as both are made.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use cachewarden_store::ActionPrefix;

use super::entry::{EntryError, split_line};
use super::key::FORMAT;

/// The most actions of a list. `go build std` asks for 1,100, and tests of a large project for some
/// thousands.
const MAX_ITEMS: usize = 16_384;

/// The largest value.
pub const MAX_WANTED: u64 = (MAX_HEAD + MAX_ITEMS * ITEM) as u64;

/// The most bytes of the line, with room for fields of later versions.
const MAX_HEAD: usize = 4096;

/// How many builds a list knows: an action is dropped when so many in a row have not asked for it.
pub const BUILDS: usize = 8;

/// Bytes of an item.
const ITEM: usize = size_of::<ActionPrefix>() + 1;

#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
}

/// What builds of a scope have asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    items: Vec<(ActionPrefix, u8)>,
}

impl Wanted {
    /// Reads a value.
    ///
    /// # Errors
    /// When it is of a later version, or no list.
    pub fn from_value(value: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: &str| EntryError::Malformed(why.to_owned());
        let (_, rest) = split_line(value, MAX_HEAD)?;
        let (items, rest) = rest.as_chunks::<ITEM>();
        if !rest.is_empty() || items.len() > MAX_ITEMS {
            return Err(malformed("its length is wrong"));
        }
        let item = |item: &[u8; ITEM]| {
            let (action, age) = item.split_first_chunk().expect("an item is longer");
            (*action, age[0])
        };
        Ok(Self {
            items: items.iter().map(item).collect(),
        })
    }

    /// The value.
    pub fn to_value(&self) -> Vec<u8> {
        let mut value = serde_json::to_vec(&Head { form: FORMAT }).expect("a number");
        value.push(b'\n');
        for (action, age) in &self.items {
            value.extend_from_slice(action);
            value.push(*age);
        }
        value
    }

    /// The list after another build, which has asked for these.
    #[must_use]
    pub fn after(&self, asked: &[ActionPrefix]) -> Self {
        let mut known = HashSet::new();
        let asked = asked.iter().map(|action| (*action, 0));
        let before = self.items.iter().filter_map(|(action, age)| {
            let age = age.saturating_add(1);
            (usize::from(age) < BUILDS).then_some((*action, age))
        });
        let mut items: Vec<_> = asked
            .chain(before)
            .filter(|(action, _)| known.insert(*action))
            .take(MAX_ITEMS)
            .collect();
        // Stable: what one build has asked for stays in its order.
        items.sort_by_key(|(_, age)| *age);
        Self { items }
    }

    /// What a build has asked for and no later one has, in its order. The last build is 0.
    pub fn of_build(&self, age: usize) -> impl Iterator<Item = &ActionPrefix> {
        let items = self.items.iter();
        items.filter_map(move |(action, of)| (usize::from(*of) == age).then_some(action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(numbers: &[u64]) -> Vec<ActionPrefix> {
        numbers.iter().map(|number| number.to_be_bytes()).collect()
    }

    fn listed(wanted: &Wanted) -> Vec<u64> {
        let actions = (0..BUILDS).flat_map(|age| wanted.of_build(age));
        actions.map(|action| u64::from_be_bytes(*action)).collect()
    }

    #[test]
    fn the_last_build_comes_first_and_what_no_build_asks_for_goes() {
        let mut wanted = Wanted::default().after(&actions(&[3, 1, 2, 1]));
        assert_eq!(listed(&wanted), [3, 1, 2]);
        wanted = wanted.after(&actions(&[5, 1]));
        assert_eq!(listed(&wanted), [5, 1, 3, 2]);
        let read = Wanted::from_value(&wanted.to_value()).unwrap();
        assert_eq!(read, wanted);
        for _ in 0..BUILDS - 1 {
            wanted = wanted.after(&actions(&[9]));
        }
        assert_eq!(listed(&wanted), [9, 5, 1]);
        let many: Vec<u64> = (0..MAX_ITEMS as u64 + 10).collect();
        wanted = wanted.after(&actions(&many));
        assert_eq!(listed(&wanted).len(), MAX_ITEMS);
        assert!(wanted.to_value().len() as u64 <= MAX_WANTED);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let good = Wanted::default().after(&actions(&[1])).to_value();
        for (bad, expected) in [
            (good[..good.len() - 1].to_vec(), "length"),
            (b"{\"form\":2}\n".to_vec(), "form 2"),
            (b"".to_vec(), "no line"),
            (b"{}\n".to_vec(), "column 2"),
        ] {
            let error = Wanted::from_value(&bad).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
