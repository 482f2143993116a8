//! Whether a text is plain words, which can have nothing in it that opens a service: no key, and
//! nothing in base64, in hex, or in any other letters than those of a sentence.

/// The most bytes of a text. A sentence has fewer.
const MAX_TEXT: usize = 1000;

/// Letters and digits of all that is no word, together: numbers, the name of a bucket, a version. A key
/// has more, and so has a short password in hex or base64, in however many pieces.
const MOST_OTHERS: usize = 16;

/// What stands between words. Whatever begins an encoding is missing: `%`, `&`, `\`, `<`, `=`, `{`.
const BETWEEN: &[u8] = b" .,:;'\"()-_/`?!";

/// The longest word in capitals, as codes of Redis are: `CLUSTERDOWN`.
const LONGEST_CAPITALS: usize = 11;

/// The longest word.
const LONGEST: usize = 16;

/// All words of one or two letters that count as words.
const SHORT: [&str; 29] = [
    "a", "i", "am", "an", "as", "at", "be", "by", "db", "do", "id", "if", "in", "io", "ip", "is",
    "it", "my", "no", "of", "ok", "on", "or", "os", "so", "to", "up", "us", "we",
];

/// Whether a text on one line is plain words.
pub(super) fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || BETWEEN.contains(&byte);
    let others = words(text).filter(|word| !is_word(word));
    text.len() <= MAX_TEXT
        && text.bytes().all(is_plain)
        && others.map(str::len).sum::<usize>() < MOST_OTHERS
}

/// What is between other letters than those of ASCII, and digits.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty())
}

/// Whether it is a word, or several without what is between them, as in `NoSuchBucket`.
fn is_word(word: &str) -> bool {
    if word.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let is_capitals = word.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_capitals && word.len() > 2 {
        return word.len() <= LONGEST_CAPITALS;
    }
    let mut rest = word;
    while !rest.is_empty() {
        let is_begin = |(at, letter): &(usize, char)| *at > 0 && letter.is_ascii_uppercase();
        let end = rest.char_indices().find(is_begin);
        let (first, others) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        let lower = first.to_ascii_lowercase();
        let is_one = match lower.len() {
            1 | 2 => SHORT.contains(&&*lower),
            length => length <= LONGEST && lower.contains(['a', 'e', 'i', 'o', 'u', 'y']),
        };
        if !is_one {
            return false;
        }
        rest = others;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_plain_and_keys_are_not_in_any_letters() {
        for text in [
            "AccessDenied: Access Denied",
            "NoSuchBucket: The specified bucket does not exist",
            "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.",
            "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            "AuthorizationHeaderMalformed: The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
            "RequestTimeTooSkewed: The difference between the request time and the server's time is too large.",
            "WRONGPASS: invalid username-password pair or user is disabled.",
            "NOAUTH: Authentication required.",
            "503 Service Unavailable",
            "send http request: Connection refused (os error 111)",
            "invalid peer certificate: UnknownIssuer",
            "the service's answer has more than 16777216 bytes",
            "http status client error (404 Not Found)",
        ] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "dXNlci00NzExOnN1cGVyc2VjcmV0",
            "dXNl ci00 NzEx OnN1 cGVy c2Vj cmV0",
            "the key AKIAIOSFODNN7EXAMPLE is wrong",
            "7375706572736563726574",
            "73 75 70 65 72 73 65 63",
            "user&#x2d;name",
            "user%2dname",
            "user\\u002dname",
            "a=b",
            "\u{ff53}\u{ff45}\u{ff43}",
            &"many words ".repeat(200),
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
