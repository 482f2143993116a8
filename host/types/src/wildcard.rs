//! Patterns in which `*` matches any run of characters, `/` included, and every other character
//! matches itself.

/// Whether `pattern` matches the whole of `text`.
///
/// Linear in practice, and at worst the product of the lengths: backtracking goes back to the last
/// star only.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut position) = (0, 0);
    let mut last_star = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, position));
                at += 1;
            }
            Some(byte) if *byte == text[position] => {
                at += 1;
                position += 1;
            }
            _ => match &mut last_star {
                Some((star, tried)) => {
                    *tried += 1;
                    position = *tried;
                    at = *star + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("main", "main", true),
            ("main", "main2", false),
            ("pr-*", "pr-17", true),
            ("pr-*", "pr-", true),
            ("pr-*", "xpr-1", false),
            ("*-x-*", "a-x-b-x-c", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "anything", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
