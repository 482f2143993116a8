//! The words within a value of GOCACHEPROG: taken apart as cmd/go does, and put together so that it
//! reads them back. A backslash stands for itself, also within quotes.

use std::path::Path;

/// The value that starts a program with these words; the word that it cannot say otherwise.
pub(in crate::cli) fn value(program: &Path, words: &[String]) -> Result<String, String> {
    let mut value = format!("'{}'", program.display());
    for word in words {
        let is_plain = !word.is_empty()
            && !word.contains(|letter: char| letter.is_whitespace() || "'\"".contains(letter));
        let quote = ['\'', '"'].into_iter().find(|quote| !word.contains(*quote));
        match (is_plain, quote) {
            (true, _) => value += &format!(" {word}"),
            (false, Some(quote)) => value += &format!(" {quote}{word}{quote}"),
            (false, None) => return Err(word.clone()),
        }
    }
    Ok(value)
}

/// Splits as cmd/go does: at spaces, but not within a field that stands whole in quotes
/// (docs/protocol.md#quoting).
pub(super) fn split(value: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = value.trim_start();
    while let Some(first) = rest.chars().next() {
        let (field, after) = match first {
            '\'' | '"' => rest[1..].split_once(first)?,
            _ => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        fields.push(field.to_owned());
        rest = after.trim_start();
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_split_as_go_splits_it() {
        let fields = |value| split(value).unwrap();
        assert_eq!(
            fields(" a  -v\t--dir 'x y' \"z'\" "),
            ["a", "-v", "--dir", "x y", "z'"]
        );
        assert_eq!(
            fields(r#"C:\bin\cachewarden.exe 'C:\a b\' "\""#),
            [r"C:\bin\cachewarden.exe", r"C:\a b\", r"\"]
        );
        assert_eq!(split("'open"), None);
    }

    #[test]
    fn a_value_is_put_together_as_go_splits_it() {
        let words = ["", "a b", "it's", "{\"a\":1}", "x"].map(str::to_owned);
        let value = value(Path::new("/the program"), &words).unwrap();
        let mut expected = vec!["/the program".to_owned()];
        expected.extend(words);
        assert_eq!(split(&value), Some(expected));
        let both = "'\"".to_owned();
        assert_eq!(
            super::value(Path::new("/p"), std::slice::from_ref(&both)),
            Err(both)
        );
    }
}
