//! The words of a service, each on one line: of what a library has made of an error, of a page of HTML, or
//! of XML.

use std::str::Chars;

use serde_json::Value;

/// What a text of a service says, each on one line: a code and a message, where it has them. Nothing
/// where it says nothing.
pub(super) fn said(text: &str) -> Vec<String> {
    let text = text.trim();
    let words = match text.starts_with('<') {
        true => of_page(text),
        false => of_fields(text)
            .or_else(|| of_json(text))
            .unwrap_or_else(|| of_text(text)),
    };
    let lines = words.iter().map(|words| {
        let words: Vec<_> = words.split_whitespace().collect();
        words.join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// Whether an answer says what is wrong in a form that is known: the fields of an error, a title, or
/// a message.
pub(super) fn says_what(text: &str) -> bool {
    let text = text.trim();
    match text.starts_with('<') {
        true => !of_page(text).is_empty(),
        false => of_fields(text).or_else(|| of_json(text)).is_some(),
    }
}

/// What is before the first `: `, as a code is, and what is behind it.
fn of_text(text: &str) -> Vec<String> {
    text.splitn(2, ": ").map(str::to_owned).collect()
}

/// The code and the message of an error that is shown with its fields, as opendal does with those of
/// S3, Azure and Google.
fn of_fields(text: &str) -> Option<Vec<String>> {
    let (name, fields) = text.split_once(" { ")?;
    let is_error = ["S3Error", "AzblobError", "GcsErrorResponse"].contains(&name);
    if !is_error || !fields.ends_with('}') {
        return None;
    }
    let mut words = ["code: ", "message: "].map(|name| field(fields, name).unwrap_or_default());
    // Azure adds lines with numbers to its messages.
    if let Some(end) = words[1].find("RequestId:") {
        words[1].truncate(end);
    }
    Some(words.into())
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

/// The code and the message of an answer in JSON, as GitHub and Google have them.
fn of_json(text: &str) -> Option<Vec<String>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let answer = answer
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(&answer);
    let word = |name: &str| match answer.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let message = || word("message").or_else(|| word("msg"));
    let words: Vec<_> = [word("code"), message()].into_iter().flatten().collect();
    (!words.is_empty()).then_some(words)
}

/// The title of a page of HTML, or the code and the message of XML. All else may be anything.
fn of_page(page: &str) -> Vec<String> {
    let title = element(page, "title").filter(|title| !title.is_empty());
    let is_html = || element(page, "html").is_some() || element(page, "body").is_some();
    match title {
        Some(title) => vec![title],
        None if is_html() => Vec::new(),
        None => {
            let words = ["code", "message"].map(|name| element(page, name));
            words
                .into_iter()
                .flatten()
                .filter(|word| !word.is_empty())
                .collect()
        }
    }
}

/// The text of the first element of a name, which may have a prefix: `<s:message>`.
fn element(page: &str, name: &str) -> Option<String> {
    // Of ASCII alone, so that places are the same in both.
    let lower = page.to_ascii_lowercase();
    let mut begin = 0;
    for part in lower.split('<') {
        let end = begin + part.len();
        if let Some((tag, _)) = part.split_once('>') {
            let word = tag.split_whitespace().next().unwrap_or_default();
            if word.rsplit(':').next() == Some(name) {
                return Some(page[begin + tag.len() + 1..end].trim().to_owned());
            }
        }
        begin = end + 1;
    }
    None
}
