//! What must hold for any values.

use super::*;
use crate::ScopeName;

/// Each value can be part of a scope's name, and different values differ there.
pub fn label_value(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let values: Vec<&str> = text.split('\n').take(50).collect();
    for (position, value) in values.iter().enumerate() {
        let part = scope_part(value);
        let name = format!("a-prefix-of-16--{part}");
        assert!(name.parse::<ScopeName>().is_ok(), "{name}");
        for other in &values[..position] {
            assert_eq!(
                scope_part(other) == part,
                other == value,
                "{other:?}, {value:?}"
            );
        }
    }
}
