//! Checks whether the build ID in an object belongs to the action that the object is put under
//! (docs/protocol.md#build-id).
//!
//! A package archive has `<A>/<C>`: A comes from the compile action, and C from the SHA-256 of the
//! archive with every occurrence of the whole ID replaced by zeros. Both are checked. A program has
//! four parts. The first comes from the link action and is checked; the last is not, because the
//! linker's hash leaves out different bytes in each version.
//!
//! A match means that the object is consistent, not that it is authentic: anyone who may put can
//! compute an ID that matches. The ID that counts is the one that cmd/go reads
//! (cmd/internal/buildid, ReadFile); if there is another one in the head, which other readers may
//! find, it is no match.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem;

use cachewarden_types::Digest;

use super::program_id::is_program_of;
use super::zeroing_hasher::ZeroingHasher;

/// cmd/go keeps 120 bits of a SHA-256 in a build ID (cmd/internal/buildid, HashToString).
const KEPT_BYTES: usize = 15;

/// The length of those 120 bits in base64.
pub(super) const PART_LENGTH: usize = 20;

/// Two parts and the slash between them.
pub(super) const ID_LENGTH: usize = 2 * PART_LENGTH + 1;

/// How far cmd/go reads for the ID of an archive.
const READ_BY_GO: usize = 1024;

/// How far into an archive a second ID is looked for.
const ARCHIVE_HEAD: usize = 4096;

/// How far cmd/go reads for the ID of a program.
pub(super) const PROGRAM_HEAD: usize = 32 * 1024;

/// The first line of an archive.
const ARCHIVE: &[u8] = b"!<arch>\n";

/// Computes, while an object streams by, whether its build ID belongs to one action.
pub struct BuildIdCheck {
    action: String,
    state: State,
}

enum State {
    /// Collecting the first bytes, which contain the ID.
    Searching(Vec<u8>),
    /// The ID belongs to the action; its content part is being checked.
    Hashing(Box<ZeroingHasher>),
    /// The result is known.
    Done(bool),
}

impl BuildIdCheck {
    pub(super) fn new(action: &Digest) -> Self {
        Self {
            action: part(action),
            state: State::Searching(Vec::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Searching(head) => {
                head.extend_from_slice(bytes);
                match wanted(head) {
                    None => self.state = State::Done(false),
                    Some(wanted) if head.len() >= wanted => self.search(),
                    Some(_) => {}
                }
            }
            State::Hashing(hasher) => hasher.update(bytes),
            State::Done(_) => {}
        }
    }

    pub(super) fn finish(mut self) -> bool {
        if matches!(self.state, State::Searching(_)) {
            self.search();
        }
        match self.state {
            State::Hashing(hasher) => hasher.finish(),
            State::Done(matches) => matches,
            State::Searching(_) => false,
        }
    }

    fn search(&mut self) {
        let State::Searching(head) = std::mem::replace(&mut self.state, State::Done(false)) else {
            return;
        };
        if !head.starts_with(ARCHIVE) {
            let head = &head[..head.len().min(PROGRAM_HEAD)];
            self.state = State::Done(is_program_of(head, self.action.as_bytes()));
        } else if let Some(id) = archive_id(&head[..head.len().min(ARCHIVE_HEAD)])
            && id.starts_with(self.action.as_bytes())
        {
            let mut hasher = Box::new(ZeroingHasher::new(id));
            hasher.update(&head);
            self.state = State::Hashing(hasher);
        }
    }
}

/// How many bytes of an object with this head are examined; `None` where it is neither an archive
/// nor a program.
fn wanted(head: &[u8]) -> Option<usize> {
    let beginning = &head[..head.len().min(ARCHIVE.len())];
    if ARCHIVE.starts_with(beginning) {
        return Some(ARCHIVE_HEAD);
    }
    // Scripts have no ID; every other executable format begins with one of these bytes.
    matches!(head[0], 0x7f | 0xfe | 0xce | 0xcf | 0xca | b'M' | 0).then_some(PROGRAM_HEAD)
}

/// A digest as it is in a build ID.
pub(super) fn part(digest: &Digest) -> String {
    URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..KEPT_BYTES])
}

/// The ID of an archive as cmd/go reads it: in the fourth line, after `!<arch>`, the header of
/// `__.PKGDEF` and the line that begins with `go object `.
fn archive_id(head: &[u8]) -> Option<[u8; ID_LENGTH]> {
    const BEFORE: &[u8] = b"build id \"";
    let read = &head[..head.len().min(READ_BY_GO)];
    let mut lines = read.split_inclusive(|byte| *byte == b'\n');
    let mut line = || lines.next()?.strip_suffix(b"\n");
    let is_archive = line()? == b"!<arch>"
        && line()?.starts_with(b"__.PKGDEF")
        && line()?.starts_with(b"go object ");
    let quoted = line()?.strip_prefix(BEFORE)?.strip_suffix(b"\"")?;
    let id: [u8; ID_LENGTH] = quoted.try_into().ok()?;
    let is_id = id
        .iter()
        .enumerate()
        .all(|(position, byte)| is_digit(*byte) || (position == PART_LENGTH && *byte == b'/'));
    let others = memmem::find_iter(head, BEFORE).any(|at| {
        let rest = &head[at + BEFORE.len()..];
        !rest.starts_with(&id) && !id.starts_with(rest)
    });
    (is_archive && is_id && !others).then_some(id)
}

/// Whether a byte is a digit of URL-safe base64, as in build IDs.
pub(super) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

#[cfg(test)]
mod tests {
    use super::fuzzing::{build_id, matches};
    use super::*;

    /// An archive of the real shape, with its ID standing in three places, the last far behind.
    fn archive(action: &Digest) -> Vec<u8> {
        let with_id = |id: &[u8]| {
            let header = b"!<arch>\n__.PKGDEF       0           0     0     644     1000      `\ngo object linux amd64 go1.26.8 X:none\nbuild id \"";
            [
                header,
                id,
                b"\"\n\n",
                &b"padding ".repeat(700),
                id,
                b" and ",
                id,
                b" end",
            ]
            .concat()
        };
        let zeroed = with_id(&[0; ID_LENGTH]);
        let id = format!("{}/{}", part(action), part(&Digest::of(&zeroed)));
        with_id(id.as_bytes())
    }

    #[test]
    fn an_archive_names_its_action_however_it_is_cut() {
        let action = Digest::of(b"action");
        let archive = archive(&action);
        for chunk in [1, 3, 40, 41, 42, 100, 4096, 5000, archive.len()] {
            assert!(matches(&action, &archive, chunk), "in chunks of {chunk}");
        }
    }

    #[test]
    fn fuzz_build_id() {
        cachewarden_fuzz::fuzz("build-id", build_id);
    }

    #[test]
    fn another_action_or_one_changed_byte_is_no_match() {
        let action = Digest::of(b"action");
        let archive = archive(&action);
        assert!(!matches(&Digest::of(b"other"), &archive, 4096));
        for position in (0..archive.len()).step_by(97) {
            let mut changed = archive.clone();
            changed[position] ^= 1;
            assert!(!matches(&action, &changed, 4096), "byte {position} changed");
        }
    }

    #[test]
    fn what_is_no_archive_is_no_match() {
        let action = Digest::of(b"action");
        for bytes in [
            &b""[..],
            b"!<ar",
            b"!<arch>\n",
            b"text",
            b"!<arch>\nbuild id \"short\"\n",
        ] {
            assert!(!matches(&action, bytes, 2));
        }
    }

    /// What other readers than cmd/go's take for the ID must not differ from what it takes.
    #[test]
    fn a_second_id_in_the_head_is_no_match() {
        let action = Digest::of(b"action");
        let honest = String::from_utf8(archive(&action)).unwrap();
        assert!(matches(&action, honest.as_bytes(), 4096));
        let other = format!(
            "build id \"{}/{}\"",
            part(&Digest::of(b"x")),
            "A".repeat(20)
        );
        for forged in [
            honest.replace("go1.26.8 X:none", &other),
            honest.replace("__.PKGDEF       0", &format!("__.PKGDEF {other}")),
            honest.replace("\"\n\n", &format!("\"\n{other}\n\n")),
            honest.replace("go object linux", "go objects"),
            honest.replace("\nbuild id", "\n\nbuild id"),
            honest.replace("!<arch>\n", "!<arch>\n\n"),
        ] {
            assert_ne!(forged, honest);
            let id = archive_id(&forged.as_bytes()[..ARCHIVE_HEAD]);
            assert_eq!(id, None, "{}", &forged[..200]);
        }
    }
}
