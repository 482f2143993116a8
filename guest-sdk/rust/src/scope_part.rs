//! A label's value encoded for a scope name, as the host does it: a policy's own tests see the scopes that its
//! builds will have. `guest-sdk/conformance/scope-parts.json` has cases that the host and the SDKs are held to.

use alloc::string::String;
use core::fmt::Write;

use sha2::{Digest, Sha256};

/// Longest form of a value: leaves a policy 16 characters for a prefix of its own.
const LONGEST: usize = 80;

/// Bytes of the hash that ends a value that was cut. Each becomes two hex digits.
const HASH: usize = 12;

/// Letters, digits, dashes and inner dots stay; every other byte becomes `_` and its two hex digits. What is too long then is
/// cut, and ends with two underscores and a hash of the value.
pub(crate) fn scope_part(value: &str) -> String {
    let last = value.len().saturating_sub(1);
    let mut part = String::new();
    for (position, byte) in value.bytes().enumerate() {
        let inner_dot = byte == b'.' && position != 0 && position != last;
        if byte.is_ascii_alphanumeric() || byte == b'-' || inner_dot {
            part.push(char::from(byte));
        } else {
            push_hex(&mut part, "_", &[byte]);
        }
        if part.len() > LONGEST {
            part.truncate(LONGEST - 2 * HASH - 2);
            return part + "__" + &hash(value);
        }
    }
    part
}

/// The beginning of a value's SHA-256, in hex digits.
pub(crate) fn hash(value: &str) -> String {
    let mut digits = String::new();
    push_hex(&mut digits, "", &Sha256::digest(value)[..HASH]);
    digits
}

fn push_hex(part: &mut String, before: &str, bytes: &[u8]) {
    part.push_str(before);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(part, "{byte:02x}");
    }
}
