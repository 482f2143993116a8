//! What must hold for any object.

use super::*;

/// An object has the same kind however its bytes are cut.
pub fn kind(bytes: &[u8]) {
    let kind = kind_of(bytes, bytes.len().max(1));
    for chunk in [1, 7, 4095, 4096, 4097] {
        assert_eq!(kind_of(bytes, chunk), kind, "in chunks of {chunk}");
    }
    assert_eq!(kind == Kind::Empty, bytes.is_empty());
}

/// The kind under a key that nothing explains, looked at in chunks.
pub(super) fn kind_of(bytes: &[u8], chunk: usize) -> Kind {
    kind_in_role(Role::Unknown, bytes, chunk)
}

/// The same under a key of this role.
pub(super) fn kind_in_role(role: Role, bytes: &[u8], chunk: usize) -> Kind {
    let mut recogniser = KindRecogniser::new(role);
    for part in bytes.chunks(chunk) {
        recogniser.update(part);
    }
    recogniser.finish()
}
