//! How values of segments are made.
//!
//! What always holds: each value that is made can be read. What the head of one has no room for makes
//! another one.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

use serde::Serialize;

use cachewarden_types::{Digest, since_1970};

use super::super::body::{Body, Encoding};
use super::super::entry::RemoteEntry;
use super::super::key::FORMAT;
use super::{APART, ContentWords, Head, MAX_HEAD, MAX_ROWS, ROW, Segment};

/// The level of zstd. Most of a segment are digests, which do not shrink at any.
const LEVEL: i32 = 3;

/// The most bytes of packs and contents in a head, with room for its other fields, which have some 70.
const MAX_NAMED: usize = MAX_HEAD - 1024;

/// A segment that is being made.
#[derive(Default)]
struct Draft {
    packs: Numbered<Digest>,
    contents: Numbered<ContentWords>,
    rows: Vec<u8>,
}

/// What rows name by its position.
struct Numbered<T> {
    list: Vec<T>,
    positions: HashMap<T, u16>,
    /// Bytes in the head.
    bytes: usize,
}

impl Segment {
    /// The values for these entries; of two for one action the first one counts. It is one, unless
    /// they name more than a head has room for, or are more than [`MAX_ROWS`]; without entries there
    /// is none. No object of them is inside its entry.
    pub fn to_values(entries: &[(Digest, RemoteEntry)]) -> Vec<Vec<u8>> {
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by_key(|(action, _)| *action);
        sorted.dedup_by_key(|(action, _)| *action);
        let (mut values, mut draft) = (Vec::new(), Draft::default());
        for (action, entry) in sorted {
            if !draft.has_room_for(entry) {
                values.push(mem::take(&mut draft).into_value());
            }
            draft.add(action, entry);
        }
        if !draft.rows.is_empty() {
            values.push(draft.into_value());
        }
        values
    }
}

impl Draft {
    fn has_room_for(&self, entry: &RemoteEntry) -> bool {
        let pack = entry.stored.place().map(|place| place.pack);
        let more = pack.map_or(0, |pack| self.packs.more_for(&pack))
            + self.contents.more_for(&ContentWords::of(entry));
        self.rows.len() < MAX_ROWS * ROW
            && self.packs.bytes + self.contents.bytes + more <= MAX_NAMED
    }

    fn add(&mut self, action: &Digest, entry: &RemoteEntry) {
        let (pack, offset, length, encoding) = match entry.stored.place() {
            Some(place) => {
                let pack = self.packs.position(place.pack);
                (pack, place.offset, place.length, place.encoding)
            }
            None => (APART, 0, 0, Encoding::Plain),
        };
        let content = self.contents.position(ContentWords::of(entry));
        // 0 stands for never.
        let expires = entry
            .expires
            .map_or(0, |time| since_1970(time).as_secs().max(1));
        let put = since_1970(entry.time).as_nanos() as u64;
        let rows = &mut self.rows;
        rows.extend_from_slice(action.as_bytes());
        rows.extend_from_slice(entry.output.as_bytes());
        for number in [entry.size, put, expires, entry.producer.0] {
            rows.extend_from_slice(&number.to_le_bytes());
        }
        rows.extend_from_slice(&content.to_le_bytes());
        rows.extend_from_slice(&pack.to_le_bytes());
        rows.extend_from_slice(&offset.to_le_bytes());
        rows.extend_from_slice(&length.to_le_bytes());
        rows.push(encoding.mark());
    }

    fn into_value(self) -> Vec<u8> {
        let rows = self.rows.len() / ROW;
        let body = Body::of(&self.rows, LEVEL).unwrap_or(Body {
            encoding: Encoding::Plain,
            bytes: self.rows,
        });
        let head = Head {
            form: FORMAT,
            rows,
            body: body.encoding.name().to_owned(),
            packs: self.packs.list,
            contents: self.contents.list,
        };
        let mut value = serde_json::to_vec(&head).expect("strings and numbers");
        value.push(b'\n');
        value.extend_from_slice(&body.bytes);
        value
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            positions: HashMap::new(),
            bytes: 0,
        }
    }
}

impl<T: Clone + Eq + Hash + Serialize> Numbered<T> {
    /// The bytes that a value adds to the head, with a comma; none where it is there.
    fn more_for(&self, value: &T) -> usize {
        match self.positions.contains_key(value) {
            true => 0,
            false => serde_json::to_vec(value).expect("strings").len() + 1,
        }
    }

    /// The position of a value, which is added where it is missing.
    fn position(&mut self, value: T) -> u16 {
        if let Some(position) = self.positions.get(&value) {
            return *position;
        }
        self.bytes += self.more_for(&value);
        let position = self.list.len() as u16;
        self.list.push(value.clone());
        self.positions.insert(value, position);
        position
    }
}

/// A pack takes 67 bytes in the head, and a content more than 32: no position is as large as that which
/// stands for none.
const _: () = assert!(MAX_NAMED / 32 < APART as usize);
