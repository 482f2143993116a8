//! The words of a service in one line: of what a library has made of an error, of a page of HTML, or
//! of XML.

use std::str::Chars;

/// A text of a service as a sentence; empty where the service has said nothing.
pub(super) fn in_words(text: &str) -> String {
    let text = text.trim();
    let words = match text.starts_with('<') {
        true => of_page(text),
        false => of_fields(text).unwrap_or_else(|| text.to_owned()),
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The code and the message of an error that is shown with its fields, as opendal does with those of
/// S3, Azure and Google.
fn of_fields(text: &str) -> Option<String> {
    let (name, fields) = text.split_once(" { ")?;
    let is_error = ["S3Error", "AzblobError", "GcsErrorResponse"].contains(&name);
    if !is_error || !fields.ends_with('}') {
        return None;
    }
    let words = ["code: ", "message: "].map(|name| field(fields, name).unwrap_or_default());
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    Some(words.join(": "))
}

/// The value of a field: a text or a number.
fn field(fields: &str, name: &str) -> Option<String> {
    let (_, value) = fields.split_once(name)?;
    match value.strip_prefix('"') {
        Some(quoted) => Some(unquoted(quoted.chars())),
        None => value.split([',', ' ']).next().map(str::to_owned),
    }
}

/// A text up to the quote that ends it, without what its notation adds.
fn unquoted(mut rest: Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(letter) = rest.next() {
        match letter {
            '"' => break,
            '\\' => match rest.next() {
                Some(quoted @ ('"' | '\'' | '\\')) => text.push(quoted),
                // Line ends and the like.
                _ => text.push(' '),
            },
            _ => text.push(letter),
        }
    }
    text
}

/// The title of a page; of what has none, all that is not between angle brackets.
fn of_page(page: &str) -> String {
    // Of ASCII alone, so that places are the same in both.
    let lower = page.to_ascii_lowercase();
    let title = || {
        let begin = lower.find("<title")?;
        let begin = begin + lower[begin..].find('>')? + 1;
        let end = begin + lower[begin..].find("</title")?;
        Some(page[begin..end].to_owned()).filter(|title| !title.trim().is_empty())
    };
    title().unwrap_or_else(|| {
        let parts = page
            .split('<')
            .map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        parts.collect::<Vec<_>>().join(" ")
    })
}
