//! Checks whether a line of an object is a path that leads out of the folder in which it is read.
//! This is the one definition of an unsafe name.
//!
//! cmd/go copies each file of a source list to its work folder, and a path with `..` can lead out
//! of that (docs/protocol.md#uses-of-subkeys). What begins with `./` is not copied: vet reads it in
//! the package's folder, and fix writes it there, after the path was cleaned as text. cmd/go treats
//! any object under the list's key as a list; and with `-a` it asks for that key without naming the
//! action first, so the host does not know the role of the key and can only look at the object.
//!
//! cmd/go copies the files in the order of the list and stops at the first that it cannot copy. So
//! after a line with a NUL byte, which no system accepts in a path, only lines that begin with `./`
//! count. Without this, each archive with a line `../...` somewhere in its machine code or its texts
//! would be refused.

use std::mem;

use memchr::memchr;
use memchr::memmem::Finder;

/// Longer paths cannot be opened (PATH_MAX), and neither can paths with an element of more than 255
/// bytes (NAME_MAX).
const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;

/// How a line begins whose file cmd/go uses where it is, and does not copy.
const IN_PLACE: &[u8] = b"./";

/// Examines the lines of one object while its bytes stream by.
pub(super) struct ClimbingCheck {
    parent: Finder<'static>,
    /// The incomplete last line; with one byte more than a path can have, the line is too long.
    line: Vec<u8>,
    /// Whether cmd/go copies nothing after the lines so far.
    stops: bool,
    found: bool,
}

impl ClimbingCheck {
    pub(super) fn new() -> Self {
        Self {
            parent: Finder::new(b".."),
            line: Vec::new(),
            stops: false,
            found: false,
        }
    }

    /// The next bytes of the object.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.line.is_empty() {
                self.examine(line);
            } else {
                self.add(line);
                let mut whole = mem::take(&mut self.line);
                self.examine(&whole);
                whole.clear();
                self.line = whole;
            }
            bytes = rest;
        }
        self.add(bytes);
    }

    /// A complete line, of which at most one byte more than a path can have is kept.
    fn examine(&mut self, line: &[u8]) {
        self.found |= self.climbs(line);
        // Each object is read by this, so no line is searched in vain.
        self.stops = self.stops || (!line.starts_with(IN_PLACE) && memchr(0, line).is_some());
    }

    /// Whether one of the lines so far leads out, the last one included.
    pub(super) fn found(&self) -> bool {
        self.found || self.climbs(&self.line)
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = (MAX_PATH + 1).saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn climbs(&self, line: &[u8]) -> bool {
        let leads_out = match line.strip_prefix(IN_PLACE) {
            // An absolute path stays one. However long it is, it may be short when it is cleaned.
            Some(path) => {
                path.starts_with(b"/")
                    || line.len() > MAX_PATH
                    || (self.parent.find(path).is_some() && leads_out(path, usize::MAX))
            }
            None => {
                !self.stops
                    && line.len() <= MAX_PATH
                    && self.parent.find(line).is_some()
                    && leads_out(line, MAX_NAME)
            }
        };
        leads_out && memchr(0, line).is_none()
    }
}

/// Whether a path leads above its start, element by element. One with a name of more bytes than
/// `longest` cannot be opened.
fn leads_out(path: &[u8], longest: usize) -> bool {
    let mut depth = 0;
    let mut leads_out = false;
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." => depth -= 1,
            name if name.len() > longest => return false,
            _ => depth += 1,
        }
        leads_out |= depth < 0;
    }
    leads_out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn climbs(bytes: &[u8], chunk: usize) -> bool {
        let mut check = ClimbingCheck::new();
        bytes.chunks(chunk).for_each(|part| check.update(part));
        check.found()
    }

    #[test]
    fn a_line_that_leads_out_is_found_wherever_it_stands_and_however_it_is_cut() {
        let long = [b"../".to_vec(), vec![b'a'; MAX_NAME + 1]].concat();
        let (long_name, detours) = (vec![b'a'; MAX_NAME + 1], b"x/../".repeat(MAX_PATH));
        let longer = [b"../a".to_vec(), b"/b".repeat(MAX_PATH / 2)].concat();
        for (text, expected) in [
            (&b"../a.go"[..], true),
            (b"..", true),
            (b"./a.go\n../../a.go\nb.go\n", true),
            (b"\x7fELF\n/../a", true),
            (b"a/../../b\n", true),
            (b"a/../b\n", false),
            (b"a.go\n..a\na..\n...\n", false),
            (b"see ../a\n", false),
            (b"../a\0b\n", false),
            (b"\x7fELF\0\n../a\n", false),
            (b"../a\n\x7fELF\0\n", true),
            (b"\x7fELF\0\n./../a\n", true),
            (b"./\0\n../a\n", true),
            (b".//etc/passwd", true),
            (b".//etc/passwd\0", false),
            (b"./a//b", false),
            (&[b"./", &long_name[..], b"/../../a.go"].concat(), true),
            (&[b"./", &long_name[..], b"/a.go"].concat(), false),
            (&[b"./", &detours[..], b"../a.go"].concat(), true),
            (&[b"./", &longer[3..]].concat(), true),
            (&long, false),
            (&longer, false),
            (b"", false),
        ] {
            for chunk in [1, 2, 3, 1000] {
                assert_eq!(climbs(text, chunk), expected, "{}", text.escape_ascii());
            }
        }
    }
}
