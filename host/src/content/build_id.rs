//! Whether a package archive is bound: its build ID names this action and this content (protocol.md, 25).
//!
//! The ID is `<A>/<C>`: A from the action, C from the SHA-256 of the archive with every occurrence of the whole ID
//! replaced by zeros. It says consistent, not authentic: who may put can compute a C that fits any A.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem::Finder;
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// cmd/go keeps 120 bits of a SHA-256 in a build ID (cmd/internal/buildid, HashToString).
const KEPT_BYTES: usize = 15;

/// Those 120 bits as base64.
const PART_LENGTH: usize = 20;

/// Two parts and the slash between them.
const ID_LENGTH: usize = 2 * PART_LENGTH + 1;

/// How far into an archive its build ID may stand: it follows the archive's header and the line that names the
/// compiler. Go's own reader (cmd/internal/buildid, ReadFile) looks at the first lines only as well.
const SEARCHED: usize = 4096;

/// Computes, while an archive streams by, whether it is bound to one action.
pub struct BindingCheck {
    action: String,
    state: State,
}

enum State {
    /// Collecting the first bytes, where the ID stands.
    Searching(Vec<u8>),
    /// The ID names the action; its content part is being checked.
    Hashing(Box<ZeroingHasher>),
    /// No build ID, or one of another action.
    Unbound,
}

impl BindingCheck {
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
                if !b"!<arch>\n".starts_with(&head[..head.len().min(8)])
                    && !head.starts_with(b"!<arch>\n")
                {
                    self.state = State::Unbound;
                } else if head.len() >= SEARCHED {
                    self.start_hashing();
                }
            }
            State::Hashing(hasher) => hasher.update(bytes),
            State::Unbound => {}
        }
    }

    pub(super) fn finish(mut self) -> bool {
        if matches!(self.state, State::Searching(_)) {
            self.start_hashing();
        }
        match self.state {
            State::Hashing(hasher) => hasher.finish(),
            State::Searching(_) | State::Unbound => false,
        }
    }

    fn start_hashing(&mut self) {
        let State::Searching(head) = std::mem::replace(&mut self.state, State::Unbound) else {
            return;
        };
        let Some(id) = find_id(&head[..head.len().min(SEARCHED)]) else {
            return;
        };
        if id.starts_with(self.action.as_bytes()) {
            let mut hasher = Box::new(ZeroingHasher::new(id));
            hasher.update(&head);
            self.state = State::Hashing(hasher);
        }
    }
}

/// The form of a digest in a build ID.
fn part(digest: &Digest) -> String {
    URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..KEPT_BYTES])
}

fn find_id(head: &[u8]) -> Option<[u8; ID_LENGTH]> {
    const BEFORE: &[u8] = b"build id \"";
    let start = memchr::memmem::find(head, BEFORE)? + BEFORE.len();
    let id: [u8; ID_LENGTH] = head.get(start..start + ID_LENGTH)?.try_into().ok()?;
    let closed = head.get(start + ID_LENGTH) == Some(&b'"');
    (closed && id[PART_LENGTH] == b'/').then_some(id)
}

/// Hashes a stream with every occurrence of an ID replaced by as many zeros.
struct ZeroingHasher {
    id: [u8; ID_LENGTH],
    finder: Finder<'static>,
    hasher: Sha256,
    /// Bytes that may be the beginning of an ID that the next chunk completes.
    pending: Vec<u8>,
}

impl ZeroingHasher {
    fn new(id: [u8; ID_LENGTH]) -> Self {
        Self {
            finder: Finder::new(&id).into_owned(),
            id,
            hasher: Sha256::new(),
            pending: Vec::new(),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        // An ID that began in the last chunk ends within the first bytes of this one: join just those.
        let mut rest = bytes;
        if !self.pending.is_empty() {
            let joined = (ID_LENGTH - 1).min(bytes.len());
            let mut seam = std::mem::take(&mut self.pending);
            let seam_start = seam.len();
            seam.extend_from_slice(&bytes[..joined]);
            match self.finder.find(&seam) {
                Some(at) => {
                    self.hasher.update(&seam[..at]);
                    self.hasher.update([0; ID_LENGTH]);
                    rest = &bytes[at + ID_LENGTH - seam_start..];
                }
                None if bytes.len() < ID_LENGTH => {
                    self.keep_the_end(&seam);
                    return;
                }
                None => self.hasher.update(&seam[..seam_start]),
            }
        }
        let mut start = 0;
        while let Some(at) = self.finder.find(&rest[start..]) {
            self.hasher.update(&rest[start..start + at]);
            self.hasher.update([0; ID_LENGTH]);
            start += at + ID_LENGTH;
        }
        self.keep_the_end(&rest[start..]);
    }

    /// Hashes all of `bytes` but an end that could still be the beginning of an ID.
    fn keep_the_end(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(ID_LENGTH - 1);
        let (done, end) = bytes.split_at(bytes.len() - kept);
        self.hasher.update(done);
        self.pending = end.to_vec();
    }

    fn finish(mut self) -> bool {
        self.hasher.update(&self.pending);
        let content = part(&Digest::finish(self.hasher));
        self.id[PART_LENGTH + 1..] == *content.as_bytes()
    }
}

#[cfg(test)]
mod tests {
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

    fn bound(action: &Digest, bytes: &[u8], chunk: usize) -> bool {
        let mut check = BindingCheck::new(action);
        for piece in bytes.chunks(chunk) {
            check.update(piece);
        }
        check.finish()
    }

    #[test]
    fn an_archive_is_bound_to_its_action_however_it_is_cut() {
        let action = Digest::of(b"action");
        let archive = archive(&action);
        for chunk in [1, 3, 40, 41, 42, 100, 4096, 5000, archive.len()] {
            assert!(bound(&action, &archive, chunk), "in chunks of {chunk}");
        }
    }

    /// The same by the words of protocol.md, 25, with all bytes at hand.
    fn is_bound_by_the_book(action: &Digest, bytes: &[u8]) -> bool {
        let Some(id) = find_id(&bytes[..bytes.len().min(SEARCHED)]) else {
            return false;
        };
        let mut zeroed = bytes.to_vec();
        let mut at = 0;
        while let Some(found) = memchr::memmem::find(&zeroed[at..], &id) {
            zeroed[at + found..][..ID_LENGTH].fill(0);
            at += found + ID_LENGTH;
        }
        bytes.starts_with(b"!<arch>\n")
            && id[..PART_LENGTH] == *part(action).as_bytes()
            && id[PART_LENGTH + 1..] == *part(&Digest::of(&zeroed)).as_bytes()
    }

    #[test]
    fn fuzz_build_id() {
        crate::fuzz::fuzz("build-id", |bytes| {
            // The action that the archive itself names, where it names one.
            let mut action = [0; 32];
            if let Some(id) = find_id(&bytes[..bytes.len().min(SEARCHED)])
                && let Ok(named) = URL_SAFE_NO_PAD.decode(&id[..PART_LENGTH])
            {
                action[..KEPT_BYTES].copy_from_slice(&named);
            }
            let action = Digest::from_bytes(action);
            let expected = is_bound_by_the_book(&action, bytes);
            for chunk in [1, 7, ID_LENGTH - 1, ID_LENGTH, 1000, bytes.len().max(1)] {
                assert_eq!(
                    bound(&action, bytes, chunk),
                    expected,
                    "in chunks of {chunk}"
                );
            }
        });
    }

    #[test]
    fn another_action_or_one_changed_byte_is_not_bound() {
        let action = Digest::of(b"action");
        let archive = archive(&action);
        assert!(!bound(&Digest::of(b"other"), &archive, 4096));
        for position in (0..archive.len()).step_by(97) {
            let mut changed = archive.clone();
            changed[position] ^= 1;
            assert!(!bound(&action, &changed, 4096), "byte {position} changed");
        }
    }

    #[test]
    fn what_is_no_archive_is_not_bound() {
        let action = Digest::of(b"action");
        for bytes in [
            &b""[..],
            b"!<ar",
            b"!<arch>\n",
            b"text",
            b"!<arch>\nbuild id \"short\"\n",
        ] {
            assert!(!bound(&action, bytes, 2));
        }
    }
}
