//! What was fetched and not asked for, as a session leaves it to the next ones: a file in the store.
//!
//! What always holds: it is a hint. What it has is looked at as if it had just come from the tier, and
//! a file that is damaged, or of another version, has nothing.
//!
//! The file is a line of JSON, an item of 41 bytes for each object (where it is in the tier, as an
//! index names it), and the bytes of all objects in the same order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use cachewarden_system::file_at;
use cachewarden_types::Digest;

use super::MAX_RUN;
use crate::format::{Encoding, Place};

/// The version of the file.
const FORM: u32 = 1;

/// The most bytes of the line.
const MAX_HEAD: u64 = 256;

/// The most objects: what one session may hold has some thousands.
const MAX_OBJECTS: u32 = 65_536;

/// Bytes of an item.
const ITEM: usize = size_of::<Digest>() + 2 * size_of::<u32>() + 1;

#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
    objects: u32,
}

/// A file with objects.
#[derive(Debug)]
pub(super) struct Ahead {
    file: File,
    /// Where the bytes of each begin.
    offsets: HashMap<Place, u64>,
}

impl Ahead {
    /// What is in a file; `None` where that is damaged, or of another version.
    pub(super) fn of(file: File) -> Option<Self> {
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        let mut head = reader.by_ref().take(MAX_HEAD);
        let head_bytes = head.read_until(b'\n', &mut line).ok()?;
        let head: Head = serde_json::from_slice(&line).ok()?;
        if head.form != FORM || head.objects > MAX_OBJECTS {
            return None;
        }
        let mut items = vec![0; head.objects as usize * ITEM];
        reader.read_exact(&mut items).ok()?;
        let mut offset = (head_bytes + items.len()) as u64;
        let mut offsets = HashMap::new();
        let (items, _) = items.as_chunks();
        for item in items {
            let place = place_of(item)?;
            offsets.insert(place, offset);
            offset += u64::from(place.length);
        }
        let is_whole = file.metadata().ok()?.len() == offset;
        is_whole.then_some(Self { file, offsets })
    }

    /// The objects.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.offsets.keys()
    }

    /// The bytes of an object.
    pub(super) fn bytes(&self, place: &Place) -> io::Result<Bytes> {
        let offset = self.offsets.get(place).ok_or(io::ErrorKind::NotFound)?;
        let mut bytes = vec![0; place.length as usize];
        file_at::read_exact_at(&self.file, &mut bytes, *offset)?;
        Ok(bytes.into())
    }
}

/// Writes a file with these objects.
pub(super) fn write(file: &mut dyn Write, objects: &[(Place, Bytes)]) -> io::Result<()> {
    let objects = &objects[..objects.len().min(MAX_OBJECTS as usize)];
    let head = Head {
        form: FORM,
        objects: objects.len() as u32,
    };
    let mut begin = serde_json::to_vec(&head)?;
    begin.push(b'\n');
    for (place, _) in objects {
        begin.extend_from_slice(place.pack.as_bytes());
        begin.extend_from_slice(&place.offset.to_be_bytes());
        begin.extend_from_slice(&place.length.to_be_bytes());
        begin.push(place.encoding.mark());
    }
    file.write_all(&begin)?;
    for (_, bytes) in objects {
        file.write_all(bytes)?;
    }
    Ok(())
}

fn place_of(item: &[u8; ITEM]) -> Option<Place> {
    let (pack, rest) = item.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let place = Place {
        pack: Digest::from_bytes(*pack),
        offset: u32::from_be_bytes(*offset),
        length: u32::from_be_bytes(*length),
        encoding: Encoding::from_mark(rest[0])?,
    };
    (u64::from(place.length) <= MAX_RUN).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        file
    }

    #[test]
    fn a_file_has_what_was_written_and_a_damaged_one_has_nothing() {
        let objects: Vec<_> = [&b"one"[..], b"", b"three"]
            .into_iter()
            .map(|bytes| {
                let place = Place {
                    pack: Digest::of(bytes),
                    offset: u32::MAX,
                    length: bytes.len() as u32,
                    encoding: Encoding::Zstd,
                };
                (place, Bytes::from_static(bytes))
            })
            .collect();
        let mut written = Vec::new();
        write(&mut written, &objects).unwrap();
        let ahead = Ahead::of(file_of(&written)).unwrap();
        assert_eq!(ahead.places().count(), objects.len());
        for (place, bytes) in &objects {
            assert_eq!(ahead.bytes(place).unwrap(), bytes);
        }
        let other = Place {
            length: 4,
            ..objects[0].0
        };
        assert!(ahead.bytes(&other).is_err());
        for length in 0..written.len() {
            assert!(Ahead::of(file_of(&written[..length])).is_none(), "{length}");
        }
        let end = written.iter().position(|byte| *byte == b'\n').unwrap();
        let text = str::from_utf8(&written[..end]).unwrap();
        for (from, to) in [
            ("form\":1", "form\":2"),
            ("objects\":3", "objects\":4000000000"),
        ] {
            assert!(text.contains(from), "{text}");
            let head = text.replace(from, to).into_bytes();
            let other = [&head[..], &written[end..]].concat();
            assert!(Ahead::of(file_of(&other)).is_none(), "{to}");
        }
    }
}
