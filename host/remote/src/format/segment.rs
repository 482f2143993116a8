//! A segment of a scope's index: the entries that one upload has added, by their actions.
//!
//! What always holds: a segment never changes under its key, which names its bytes and its scope, so a
//! copy of it stays right and no other value counts. Nothing is unpacked beyond the bytes that the
//! number of its entries gives, which is bounded.
//!
//! A segment is a line of JSON, the head, and behind it rows of fixed length, which are compressed
//! together. Rows are sorted by action, so an entry is found without reading all of them.

mod made;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use cachewarden_store::{ActionPrefix, SessionId};
use cachewarden_types::{Digest, Facts, Kind, Role};

use super::body::{Encoding, decode};
use super::entry::{EntryError, RemoteEntry, Stored, known_facts, split_line, wrong_line};
use super::key::names_segment;

/// The most entries of a segment: 7 MB of rows. `go build std` has 1,100.
pub const MAX_ROWS: usize = 65_536;

/// The largest value of a segment.
pub const MAX_SEGMENT: u64 = (MAX_HEAD + MAX_ROWS * ROW) as u64;

/// The most bytes of the head: the names of some 7,800 packs.
const MAX_HEAD: usize = 512 * 1024;

/// Bytes of a row.
const ROW: usize = 109;

/// In the place of a pack: the object has a key of its own.
const APART: u16 = u16::MAX;

/// What is the same for many rows.
#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
    rows: usize,
    /// How the rows are written.
    body: String,
    packs: Vec<Digest>,
    contents: Vec<ContentWords>,
}

/// What objects are, in words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct ContentWords {
    kind: String,
    role: String,
    facts: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Content {
    kind: Kind,
    role: Role,
    facts: Facts,
}

/// A segment.
#[derive(Debug)]
pub struct Segment {
    /// Bytes of its head.
    head: usize,
    packs: Vec<Digest>,
    /// `None` where this version does not know the kind or the role.
    contents: Vec<Option<Content>>,
    rows: Vec<u8>,
}

impl Segment {
    /// Reads the value of a key.
    ///
    /// # Errors
    /// When it is of a later version, no segment, or not the one that the key names: then it was
    /// changed, or is that of another scope.
    pub fn from_value(key: &str, value: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: &str| EntryError::Malformed(why.to_owned());
        split_line(value, MAX_HEAD)?;
        match names_segment(key, value) {
            true => Self::from_named_value(value),
            false => Err(malformed("its key names other bytes")),
        }
    }

    /// The same for a value of which it is known that its key names it.
    ///
    /// # Errors
    /// When it is of a later version, or no segment.
    pub fn from_named_value(value: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: &str| EntryError::Malformed(why.to_owned());
        let (line, rest) = split_line(value, MAX_HEAD)?;
        let head: Head = serde_json::from_slice(line).map_err(|error| wrong_line(&error))?;
        if head.rows > MAX_ROWS {
            return Err(malformed("it has too many `rows`"));
        }
        let encoding = Encoding::from_name(&head.body)
            .ok_or_else(|| malformed("this version does not know its `body`"))?;
        let most = (head.rows * ROW) as u64;
        let mut rows = Vec::with_capacity(head.rows * ROW);
        let found = decode(encoding, most, rest, |part| {
            rows.extend_from_slice(part);
        });
        if found.map_err(|error| malformed(&error.to_string()))? != most {
            return Err(malformed("it has fewer rows than it says"));
        }
        Ok(Self {
            head: line.len(),
            packs: head.packs,
            contents: head.contents.into_iter().map(Content::from_words).collect(),
            rows,
        })
    }

    /// Some bytes that it takes in memory.
    pub fn bytes(&self) -> usize {
        self.head + self.rows.len()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// How many packs it names.
    pub fn packs(&self) -> usize {
        self.packs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether this version knows all of its entries. One of a later version may have others, which
    /// must not be lost.
    pub fn is_known(&self) -> bool {
        self.entries().count() == self.len()
    }

    /// The entry of an action.
    pub fn find(&self, action: &Digest) -> Option<RemoteEntry> {
        let row = self.row(self.first_from(action.as_bytes()))?;
        let (found, entry) = self.read(row)?;
        (found == *action).then_some(entry)
    }

    /// Whether there is an entry of an action.
    pub fn has(&self, action: &Digest) -> bool {
        let row = self.row(self.first_from(action.as_bytes()));
        row.is_some_and(|row| row.starts_with(action.as_bytes()))
    }

    /// The first entry whose action begins with these bytes.
    pub fn find_prefix(&self, prefix: &ActionPrefix) -> Option<(Digest, RemoteEntry)> {
        let row = self.row(self.first_from(prefix))?;
        row.starts_with(prefix).then(|| self.read(row)).flatten()
    }

    /// All entries that this version knows.
    pub fn entries(&self) -> impl Iterator<Item = (Digest, RemoteEntry)> {
        let rows = self.rows.chunks_exact(ROW);
        rows.filter_map(|row| self.read(row))
    }

    /// The position of the first row that is not before these bytes.
    fn first_from(&self, bytes: &[u8]) -> usize {
        let rows = self.rows.as_chunks::<ROW>().0;
        rows.partition_point(|row| &row[..bytes.len()] < bytes)
    }

    fn row(&self, position: usize) -> Option<&[u8]> {
        self.rows
            .as_chunks::<ROW>()
            .0
            .get(position)
            .map(|row| &row[..])
    }

    fn read(&self, row: &[u8]) -> Option<(Digest, RemoteEntry)> {
        let mut row = Reader(row);
        let (action, output) = (
            Digest::from_bytes(row.take()),
            Digest::from_bytes(row.take()),
        );
        let [size, put, expires, producer] =
            std::array::from_fn(|_| u64::from_le_bytes(row.take()));
        let [content, pack] = std::array::from_fn(|_| u16::from_le_bytes(row.take()));
        let [offset, length] = std::array::from_fn(|_| u32::from_le_bytes(row.take()));
        let [mark] = row.take();
        let content = (*self.contents.get(usize::from(content))?)?;
        let stored = match pack {
            APART => Stored::Apart,
            pack => Stored::Packed(Place {
                pack: *self.packs.get(usize::from(pack))?,
                offset,
                length,
                encoding: Encoding::from_mark(mark)?,
            }),
        };
        let entry = RemoteEntry {
            output,
            size,
            time: UNIX_EPOCH + Duration::from_nanos(put),
            kind: content.kind,
            role: content.role,
            facts: content.facts,
            expires: time_of(expires)?,
            producer: SessionId(producer),
            stored,
        };
        Some((action, entry))
    }
}

/// Where an object is in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The pack, by the digest of its bytes.
    pub pack: Digest,
    /// Where the object begins.
    pub offset: u32,
    /// Its bytes there.
    pub length: u32,
    /// How these are written.
    pub encoding: Encoding,
}

impl ContentWords {
    fn of(entry: &RemoteEntry) -> Self {
        Self {
            kind: entry.kind.to_string(),
            role: entry.role.to_string(),
            facts: entry.facts.into(),
        }
    }
}

impl Content {
    fn from_words(words: ContentWords) -> Option<Self> {
        Some(Self {
            kind: words.kind.parse().ok()?,
            role: words.role.parse().ok()?,
            facts: known_facts(words.facts),
        })
    }
}

/// When an entry expires; 0 stands for never.
fn time_of(seconds: u64) -> Option<Option<SystemTime>> {
    match seconds {
        0 => Some(None),
        seconds => UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .map(Some),
    }
}

struct Reader<'row>(&'row [u8]);

impl Reader<'_> {
    fn take<const COUNT: usize>(&mut self) -> [u8; COUNT] {
        let (taken, rest) = self.0.split_first_chunk().expect("a row has its length");
        self.0 = rest;
        *taken
    }
}

#[cfg(test)]
mod tests;
