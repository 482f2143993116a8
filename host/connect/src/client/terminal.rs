//! The client's one way to stderr.

use std::io::Write as _;

use cachewarden_types::Code;

/// The most characters of a line. Longer ones come from another program, not from a person.
const MAX_LINE: usize = 2_000;

/// Says what ends the program.
pub(super) fn fail(code: Code, text: &str) {
    say(&format!("cachewarden: error[{code}]: {text}"));
}

/// Says what a person should know, though the build goes on.
pub(super) fn warn(code: Code, text: &str) {
    say(&format!("cachewarden: warning[{code}]: {text}"));
}

/// Prints one line.
pub(super) fn say(text: &str) {
    // Nobody is left to be told that stderr is gone.
    let _ = std::io::stderr().write_all(format!("{}\n", sanitize(text)).as_bytes());
}

/// The text on one line, without what a terminal would obey.
pub(super) fn sanitize(text: &str) -> String {
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
        let obeyed = "a\x1b[2Jb\nc\u{202e}d";
        assert_eq!(sanitize(obeyed), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(sanitize("grün 🦀"), "grün 🦀");
        assert_eq!(sanitize(&"x".repeat(100_000)).len(), MAX_LINE + 4);
    }
}
