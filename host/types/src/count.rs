//! Numbers of things, as a person says them.

/// How many there are of something, which is named in the singular: `1 entry`, `2 entries`,
/// `3 misses`.
pub fn count(number: impl TryInto<u64>, name: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", noun(number, name))
}

/// The form of a noun, which is given in the singular, that goes with a number.
pub fn noun(number: u64, name: &str) -> String {
    match (number, name.strip_suffix('y')) {
        (1, _) => name.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) if name.ends_with('s') => format!("{name}es"),
        (_, None) => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(count(1_u64, "entry"), "1 entry");
        assert_eq!(count(0_usize, "entry"), "0 entries");
        assert_eq!(count(2_u64, "session"), "2 sessions");
        assert_eq!(count(1_u64, "miss"), "1 miss");
        assert_eq!(count(2_u64, "miss"), "2 misses");
    }
}
