//! What must hold for any object.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

/// An object names its action, or does not, by the words of docs/protocol.md, however its bytes are
/// cut.
pub fn build_id(bytes: &[u8]) {
    // The action that the archive itself names, where it names one.
    let mut action = [0; 32];
    if let Some(id) = archive_id(&bytes[..bytes.len().min(ARCHIVE_HEAD)])
        && let Ok(named) = URL_SAFE_NO_PAD.decode(&id[..PART_LENGTH])
    {
        action[..KEPT_BYTES].copy_from_slice(&named);
    }
    let action = Digest::from_bytes(action);
    let expected = matches_by_the_book(&action, bytes);
    for chunk in [1, 7, ID_LENGTH - 1, ID_LENGTH, 1000, bytes.len().max(1)] {
        assert_eq!(
            matches(&action, bytes, chunk),
            expected,
            "in chunks of {chunk}"
        );
    }
}

/// Whether the object names the action, looked at in chunks.
pub(super) fn matches(action: &Digest, bytes: &[u8], chunk: usize) -> bool {
    let mut check = BuildIdCheck::new(action);
    for piece in bytes.chunks(chunk) {
        check.update(piece);
    }
    check.finish()
}

/// The same by the words of docs/protocol.md#build-id, with all bytes at hand.
fn matches_by_the_book(action: &Digest, bytes: &[u8]) -> bool {
    if !bytes.starts_with(ARCHIVE) {
        return is_program_of(
            &bytes[..bytes.len().min(PROGRAM_HEAD)],
            part(action).as_bytes(),
        );
    }
    let Some(id) = archive_id(&bytes[..bytes.len().min(ARCHIVE_HEAD)]) else {
        return false;
    };
    let mut zeroed = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&zeroed[at..], &id) {
        zeroed[at + found..][..ID_LENGTH].fill(0);
        at += found + ID_LENGTH;
    }
    id[..PART_LENGTH] == *part(action).as_bytes()
        && id[PART_LENGTH + 1..] == *part(&Digest::of(&zeroed)).as_bytes()
}
