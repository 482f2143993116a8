//! Checks the content part of an archive's build ID while the archive streams by.

use memchr::memmem::Finder;
use sha2::{Digest as _, Sha256};

use cachewarden_types::Digest;

use super::build_id::{ID_LENGTH, PART_LENGTH, part};

/// Hashes a stream with every occurrence of an ID replaced by zeros.
pub(super) struct ZeroingHasher {
    id: [u8; ID_LENGTH],
    finder: Finder<'static>,
    hasher: Sha256,
    /// The last bytes, which may be the beginning of an ID that the next chunk completes.
    pending: Vec<u8>,
}

impl ZeroingHasher {
    pub(super) fn new(id: [u8; ID_LENGTH]) -> Self {
        Self {
            finder: Finder::new(&id).into_owned(),
            id,
            hasher: Sha256::new(),
            pending: Vec::new(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        // An ID that began in the last chunk ends within the first bytes of this one: only those
        // are joined.
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

    /// Whether the hash is the content part of the ID.
    pub(super) fn finish(mut self) -> bool {
        self.hasher.update(&self.pending);
        let content = part(&Digest::finish(self.hasher));
        self.id[PART_LENGTH + 1..] == *content.as_bytes()
    }
}
