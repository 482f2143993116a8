//! Numbers of things, as a person says them.

/// How many there are of something, which is named in the singular: `1 entry`, `2 entries`,
/// `3 misses`.
pub fn count(number: impl TryInto<u64>, name: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match (number, name.strip_suffix('y')) {
        (1, _) => format!("1 {name}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) if name.ends_with('s') => format!("{number} {name}es"),
        (_, None) => format!("{number} {name}s"),
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
