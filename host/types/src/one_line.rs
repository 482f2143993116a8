//! Text from elsewhere, such as a policy or a job, made fit for a terminal and a log.

/// Characters of a line. Longer ones come from a program, not from a person.
const MAX_LINE: usize = 2_000;

/// The text on one line, without what a terminal would obey.
pub fn sanitize(text: &str) -> String {
    let mut line = String::new();
    for (number, character) in text.chars().enumerate() {
        if number == MAX_LINE {
            line.push_str(" ...");
            break;
        }
        match is_obeyed(character) {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

/// Control characters, and those that turn the direction of a line round.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_to_obey() {
        assert_eq!(
            sanitize("a\x1b[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb\\nc\\u{202e}d"
        );
        assert_eq!(sanitize("grün 🦀"), "grün 🦀");
        assert_eq!(sanitize(&"x".repeat(100_000)).len(), MAX_LINE + 4);
    }
}
