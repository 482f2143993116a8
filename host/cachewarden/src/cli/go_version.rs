//! The version that a go command says it has.

/// The first version of Go 1 that knows GOCACHEPROG, however it was built.
pub(super) const FIRST_MINOR: u32 = 24;

/// The minor version; `None` of a version in development.
pub(super) fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("go1.")?;
    let end = rest.find(|character: char| !character.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_go_is_read_whatever_follows_it() {
        for (version, expected) in [
            ("go1.23.12", Some(23)),
            ("go1.24", Some(24)),
            ("go1.24rc1", Some(24)),
            ("go1.26.1 X:nocoverageredesign", Some(26)),
            ("devel go1.28-1f2e3d", None),
            ("go2", None),
            ("", None),
        ] {
            assert_eq!(minor(version), expected, "{version}");
        }
    }
}
