//! A secret that is hidden in a text by any chain of encodings does not show.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use opendal::{Error, ErrorKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::service::Cause;

/// Draws numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    /// A text of so many of these letters.
    fn text(&mut self, length: usize, letters: &[u8]) -> String {
        let letter = |_| char::from(letters[self.below(letters.len())]);
        (0..length).map(letter).collect()
    }
}

const OF_KEYS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
const OF_PASSWORDS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.!&\"'<\\ %:/+=";
const OF_WORDS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// One step of a chain.
fn encoded(text: &str, draw: &mut Draw) -> String {
    let each =
        |letter: &dyn Fn(u32) -> String| text.chars().map(|c| letter(u32::from(c))).collect();
    match draw.below(13) {
        0 => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        1 => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        2 => each(&|letter| format!("&#x{letter:x};")),
        3 => each(&|letter| format!("&#{letter};")),
        4 => text
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;"),
        5 => each(&|letter| format!("\\u{letter:04x}")),
        6 => serde_json::to_string(text).unwrap(),
        7 => STANDARD.encode(text),
        8 => URL_SAFE_NO_PAD.encode(text),
        9 => text.bytes().map(|byte| format!("{byte:02X}")).collect(),
        10 => text.to_ascii_uppercase(),
        11 => {
            // In lines, of any lengths.
            let space = [" ", "\n", "\r\n\t"][draw.below(3)];
            let mut broken = String::new();
            for letter in text.chars() {
                broken.push(letter);
                if draw.below(8) == 0 {
                    broken.push_str(space);
                }
            }
            broken
        }
        _ => format!("Authorization: Basic {text}"),
    }
}

/// An answer that repeats a text.
fn answer_with(text: &str, draw: &mut Draw) -> String {
    let message = format!("The request was {text}, which is not right");
    match draw.below(6) {
        0 => format!("S3Error {{ code: \"AccessDenied\", message: {message:?}, resource: \"\" }}"),
        1 => serde_json::json!({"code": 403, "message": message}).to_string(),
        2 => serde_json::json!({"error": {"code": text, "message": "No."}}).to_string(),
        3 => format!("<html><head><title>{message}</title></head></html>"),
        4 => format!("<d:error><code>Denied</code><s:message>{message}</s:message></d:error>"),
        _ => message,
    }
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

/// Origin: XML references, JSON escapes, base64 in lines and hex showed passwords on stderr.
#[test]
fn a_secret_behind_any_chain_of_encodings_never_shows() {
    let mut draw = Draw(4711);
    for _ in 0..20_000 {
        let length = 12 + draw.below(30);
        let of = [OF_KEYS, OF_PASSWORDS, OF_WORDS][draw.below(3)];
        let secret = draw.text(length, of);
        if letters(&secret).len() < 8 {
            continue;
        }
        let name = ["access_key_id", "secret_access_key", "session_token"][draw.below(3)];
        let options = BTreeMap::from([(name.to_owned(), secret.clone())]);
        let secrets = Secrets::of(ServiceKind::S3, &options);
        let mut hidden = secret.clone();
        for _ in 0..draw.below(4) {
            hidden = encoded(&hidden, &mut draw);
        }
        let answer = answer_with(&hidden, &mut draw);
        let error = Error::new(ErrorKind::Unexpected, answer.clone());
        let error = match draw.below(3) {
            0 => error,
            1 => error.set_source(std::io::Error::other(hidden.clone())),
            _ => error.with_context("response", "Parts { status: 403, version: HTTP/1.1 }"),
        };
        let told = Cause::new(&error, &secrets).to_string();
        let shown = letters(&told);
        // References and escapes are letters, too.
        let is_shown = [&secret, &hidden]
            .iter()
            .any(|text| shown.contains(&letters(text)));
        assert!(!is_shown, "{secret}: {answer}: {told}");
    }
}
