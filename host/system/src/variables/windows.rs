//! Capitals and small letters are the same.

use std::ffi::OsString;

pub(super) fn spelled(name: OsString) -> OsString {
    name.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_capitals() {
        let spelled = spelled("Cachewarden_Dir".into());
        assert_eq!(spelled, "CACHEWARDEN_DIR");
    }
}
