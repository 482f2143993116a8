//! Reads the build ID of a program as cmd/go does.

use cachewarden_types::Digest;
use memchr::memmem;

use super::build_id::{PART_LENGTH, PROGRAM_HEAD, is_digit, part};

/// Four parts and the slashes between them.
const PROGRAM_ID_LENGTH: usize = 4 * PART_LENGTH + 3;

/// The build ID of a program that a link action has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramId {
    /// The linker has written the program, and go has not yet written the hash of its content: in
    /// its place is the link action's part once more (cmd/go/internal/work, useCache).
    Unfinished,
    /// The program is as go runs it.
    Finished,
}

impl ProgramId {
    /// The bytes at the beginning of a program in which cmd/go finds its ID.
    pub const HEAD: usize = PROGRAM_HEAD;

    /// Reads the ID in the head of a program; `None` where that is no program of this link action.
    pub fn of(head: &[u8], action: &Digest) -> Option<Self> {
        let head = &head[..head.len().min(PROGRAM_HEAD)];
        let [link, _, _, content] = parts_of(head)?;
        (link == part(action).as_bytes()).then_some(match content == link {
            true => Self::Unfinished,
            false => Self::Finished,
        })
    }
}

/// Whether all build IDs in the head of a program are equal, and the first part is `action`.
pub(super) fn is_program_of(head: &[u8], action: &[u8]) -> bool {
    parts_of(head).is_some_and(|[link, ..]| link == action)
}

/// The parts of the build ID in the head of a program, if all IDs in it are equal. An ID is behind
/// the linker's marker, and in ELF files also in a note.
fn parts_of(head: &[u8]) -> Option<[&[u8]; 4]> {
    const MARKER: &[u8] = b"\xff Go build ID: \"";
    // The length of the name, of the ID, the type of the note; the name.
    const NOTE: &[u8] = b"\x04\0\0\0\x53\0\0\0\x04\0\0\0Go\0\0";
    let ids = |before: &'static [u8]| {
        memmem::find_iter(head, before).map(move |at| {
            let start = at + before.len();
            head.get(start..start + PROGRAM_ID_LENGTH)
        })
    };
    let mut found = ids(MARKER).chain(ids(NOTE));
    let id = found.next()??;
    let parts: Vec<_> = id.split(|byte| *byte == b'/').collect();
    let parts: [&[u8]; 4] = parts.try_into().ok()?;
    let are_parts = parts
        .iter()
        .all(|part| part.len() == PART_LENGTH && part.iter().all(|digit| is_digit(*digit)));
    let is_the_one = found.all(|other| other == Some(id))
        && (!head.starts_with(ELF) || elf_id(head) == Some(id));
    (are_parts && is_the_one).then_some(parts)
}

/// The beginning of an ELF file.
const ELF: &[u8] = b"\x7fELF";

/// The ID of an ELF file for a little-endian processor, as cmd/go reads it: from Go's first note in
/// the note segments. `None` where a note segment is beyond `head`, where cmd/go would read on.
fn elf_id(head: &[u8]) -> Option<&[u8]> {
    /// The type of a segment of notes.
    const NOTES: usize = 4;
    let (wide, place): (bool, usize) = match head.get(4..6)? {
        [1, 1] => (false, 4),
        [2, 1] => (true, 8),
        _ => return None,
    };
    let by_class = |narrow, wider| if wide { wider } else { narrow };
    let table = little_endian(head, by_class(28, 32), place)?;
    let entry_size = little_endian(head, by_class(42, 54), 2)?;
    let entries = little_endian(head, by_class(44, 56), 2)?;
    for entry in 0..entries {
        let at = table.checked_add(entry * entry_size)?;
        let start = little_endian(head, at.checked_add(by_class(4, 8))?, place)?;
        let size = little_endian(head, at + by_class(16, 32), place)?;
        let align = little_endian(head, at + by_class(28, 48), place)?;
        if little_endian(head, at, 4)? == NOTES {
            let notes = head.get(..start.checked_add(size)?)?;
            if let Some(id) = go_note(notes, start, align) {
                return Some(id);
            }
        }
    }
    None
}

/// The content of Go's note, among the notes from `at` to the end of `head`.
fn go_note(head: &[u8], mut at: usize, align: usize) -> Option<&[u8]> {
    /// The type of a note with a build ID.
    const BUILD_ID: usize = 4;
    while at.checked_add(16)? <= head.len() {
        let (name, id) = (little_endian(head, at, 4)?, little_endian(head, at + 4, 4)?);
        let is_go = name == 4 && head[at + 12..].starts_with(b"Go\0\0");
        if is_go && little_endian(head, at + 8, 4)? == BUILD_ID && at + 16 + id <= head.len() {
            return head.get(at + 16..at + 16 + id);
        }
        at += 12 + name.next_multiple_of(4) + id.next_multiple_of(4);
        at = at.checked_next_multiple_of(align.max(1))?;
    }
    None
}

/// A little-endian number of `length` bytes.
fn little_endian(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    let number = bytes.iter().rev();
    number.into_iter().try_fold(0_usize, |number, byte| {
        number.checked_mul(256)?.checked_add(usize::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::super::build_id::BuildIdCheck;
    use super::*;

    fn matches(action: &Digest, bytes: &[u8], chunk: usize) -> bool {
        let mut check = BuildIdCheck::new(action);
        bytes.chunks(chunk).for_each(|piece| check.update(piece));
        check.finish()
    }

    /// The header of an ELF file and its table of segments, of which the one has a note of Go's at
    /// `note`.
    fn elf(note: u8) -> Vec<u8> {
        let mut bytes = vec![0; 120];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        // Where the table is, the size of an entry, how many there are.
        (bytes[32], bytes[54], bytes[56]) = (64, 56, 1);
        // A segment of notes, where it begins, and its size.
        (bytes[64], bytes[72], bytes[96]) = (4, note, 100);
        bytes
    }

    /// A note that only a search for its bytes finds is no ID to cmd/go.
    #[test]
    fn an_id_outside_the_segment_of_notes_is_no_match() {
        let action = Digest::of(b"link");
        let own = part(&action);
        let note = format!("\x04\0\0\0\x53\0\0\0\x04\0\0\0Go\0\0{own}/{own}/{own}/{own}");
        for (place, expected) in [(120, true), (121, false), (0, false)] {
            let program = [elf(place), note.clone().into_bytes(), vec![0; 900]].concat();
            assert_eq!(matches(&action, &program, 4096), expected, "{place}");
        }
    }

    #[test]
    fn a_program_names_its_link_action() {
        let action = Digest::of(b"link");
        let id = |first: &Digest| {
            let other = part(&Digest::of(b"other"));
            format!("{}/{other}/{other}/{other}", part(first))
        };
        let program = |note: &str, marker: &str| {
            let note = format!("\x04\0\0\0\x53\0\0\0\x04\0\0\0Go\0\0{note}");
            let mut bytes = elf(120);
            bytes.extend_from_slice(note.as_bytes());
            bytes.extend_from_slice(&[0; 900]);
            bytes.extend_from_slice(b"\xff Go build ID: \"");
            bytes.extend_from_slice(marker.as_bytes());
            bytes.extend_from_slice(b"\"\n \xff");
            bytes.extend_from_slice(&[7; 50_000]);
            bytes
        };
        let (own, foreign) = (id(&action), id(&Digest::of(b"foreign")));
        for chunk in [1, 4096, 100_000] {
            assert!(matches(&action, &program(&own, &own), chunk));
            assert!(!matches(&action, &program(&foreign, &own), chunk));
            assert!(!matches(&action, &program(&own, &foreign), chunk));
            assert!(!matches(&action, &program(&foreign, &foreign), chunk));
            assert!(!matches(&action, b"\x7fELF", chunk));
            assert!(!matches(&action, b"#!/bin/sh\n", chunk));
        }
    }

    #[test]
    fn a_program_is_unfinished_until_its_id_ends_with_its_content() {
        let (action, other) = (Digest::of(b"link"), part(&Digest::of(b"other")));
        let program = |content: &str| {
            let id = format!("{}/{other}/{other}/{content}", part(&action));
            let marker = [b"MZ\xff Go build ID: \"", id.as_bytes(), b"\"\n \xff"].concat();
            [marker, vec![7; 50_000]].concat()
        };
        let state = |content: &str, action| ProgramId::of(&program(content), action);
        assert_eq!(state(&part(&action), &action), Some(ProgramId::Unfinished));
        assert_eq!(state(&other, &action), Some(ProgramId::Finished));
        assert_eq!(state(&other, &Digest::of(b"another")), None);
        assert_eq!(ProgramId::of(b"MZ", &action), None);
    }
}
