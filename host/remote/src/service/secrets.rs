//! What a service may repeat of a request, and nobody may read: an error page, or a debugging proxy,
//! may have all headers of it.
//!
//! What always holds: no text of a service leaves this crate but through [`Secrets::told`]. It is told
//! where it is plain words and has none of the secrets, and is else left out: nothing is cut out of a
//! text, whose other letters could still have it in some form.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

use crate::service_kind::ServiceKind;

use super::plain::{is_plain, words};
use super::words::said;

/// A secret with fewer letters is looked for as words of their own, since it may be a part of others:
/// a key may have the identifier `id`.
const SHORTEST_PART: usize = 6;

/// So many letters of the beginning of a secret are one, too: a service may cut what it repeats. Fewer
/// than these do not make a secret easier to guess that is long enough.
const BEGINNING: usize = 8;

/// Secrets of requests that are remembered: those of all that are asked at once, with their tries.
const REMEMBERED: usize = 512;

/// What separates parts of a credential in a header: `Basic abc`, `Signature=abc`, `account:abc`.
const SEPARATORS: [char; 5] = [' ', ',', '=', ':', ';'];

/// A part with fewer letters is no secret by itself: the name of a scheme, a date, a region.
const SHORTEST_IN_HEADER: usize = 16;

/// Variables with credentials that the services' own tools have, and that are not given to us.
const OF_TOOLS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
];

/// What is between letters and digits in names. Whatever begins an encoding is missing, as in texts.
const IN_NAMES: &[u8] = b" -._~!/()+,@:";

/// What the name of a header has in it, or that of a part of a query, whose value may be a credential.
const NAMES: [&str; 9] = [
    "authorization",
    "cookie",
    "token",
    "key",
    "signature",
    "credential",
    "password",
    "passwd",
    "secret",
];

/// What a name ends with behind which a text has a credential. `ExpiredToken: ` is none.
const TOLD_NAMES: [&str; 8] = [
    "authorization",
    "cookie",
    "-token",
    "-key",
    "-signature",
    "password",
    "secret",
    "x-amz-content-sha256",
];

/// The credentials of a tier.
#[derive(Default)]
pub(super) struct Secrets {
    /// Those that are known from the beginning.
    known: Vec<String>,
    /// Those of the last requests: a service's own tools may have files with others, and a signature is
    /// another one each time.
    of_requests: Mutex<VecDeque<String>>,
    /// Nobody is asked but the system.
    is_local: bool,
}

/// Says nothing.
impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets")
    }
}

impl Secrets {
    /// Those among the options of a service, and those that its own tools have in variables.
    pub(super) fn of(kind: ServiceKind, options: &BTreeMap<String, String>) -> Self {
        let option = |name: &str| options.get(name).map(String::as_str);
        let given = kind.credentials().iter().filter_map(|name| option(name));
        let mut known: Vec<String> = given.map(str::to_owned).collect();
        known.extend(OF_TOOLS.iter().filter_map(|name| std::env::var(name).ok()));
        // A signature of Azure is a part of its token.
        let parts = option("sas_token").into_iter();
        let parts = parts.flat_map(|token| token.trim_start_matches('?').split('&'));
        let signatures = parts.filter_map(|part| part.strip_prefix("sig="));
        known.extend(signatures.map(str::to_owned));
        let user = option("username").unwrap_or_default();
        let password = option("password").unwrap_or_default();
        if !user.is_empty() || !password.is_empty() {
            known.push(format!("{user}:{password}"));
        }
        Self {
            known,
            of_requests: Mutex::default(),
            is_local: kind == ServiceKind::File,
        }
    }

    /// Remembers what a request has that opens the service.
    pub(super) fn remember(&self, headers: &HeaderMap, uri: &Uri) {
        let is_secret = |name: &str| {
            let name = name.to_ascii_lowercase();
            // That of a signature of Azure.
            name == "sig" || NAMES.iter().any(|part| name.contains(part))
        };
        let of_headers = headers
            .iter()
            .filter(|(name, _)| is_secret(name.as_str()))
            .filter_map(|(_, value)| value.to_str().ok())
            .flat_map(parts_of_header);
        let query = uri.query().unwrap_or_default().split('&');
        let of_query = query
            .filter_map(|part| part.split_once('='))
            .filter(|(name, _)| is_secret(name))
            .map(|(_, value)| value.to_owned());
        let mut remembered = self.of_requests();
        for secret in of_headers.chain(of_query) {
            if !remembered.contains(&secret) {
                remembered.push_back(secret);
            }
        }
        let many = remembered.len().saturating_sub(REMEMBERED);
        remembered.drain(..many);
    }

    /// What the texts of an error say, as far as that can have no credential in it: of one with a code and
    /// a message, it may be the code alone.
    pub(super) fn told<'text>(&self, texts: impl IntoIterator<Item = &'text str>) -> String {
        let mut told = String::new();
        for words in texts.into_iter().flat_map(said) {
            let more = match told.as_str() {
                "" => words,
                told => format!("{told}: {words}"),
            };
            // Of all together, since a secret may be in the pieces.
            if self.is_local || self.may_be_told(&more) {
                told = more;
            }
        }
        told
    }

    /// The same for texts of this program and its libraries from before a service was asked.
    pub(super) fn told_before<'text>(&self, texts: impl IntoIterator<Item = &'text str>) -> String {
        let texts = texts.into_iter().flat_map(said);
        let told = texts.collect::<Vec<_>>().join(": ");
        match self.has_secret(&told) {
            true => String::new(),
            false => told,
        }
    }

    /// Whether a name that a listing has given may be told: it has none of the secrets, and no other
    /// letters than those of names, which could have one in another form.
    pub(super) fn may_name(&self, name: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || IN_NAMES.contains(&byte);
        self.is_local
            || name.bytes().all(is_plain) && !names_credential(name) && !self.has_secret(name)
    }

    fn may_be_told(&self, text: &str) -> bool {
        is_plain(text) && !names_credential(text) && !self.has_secret(text)
    }

    /// Whether a text has a secret, whatever is between its letters.
    fn has_secret(&self, text: &str) -> bool {
        let all = letters(text);
        let remembered = self.of_requests();
        self.known.iter().chain(remembered.iter()).any(|secret| {
            let mut forms = forms(secret).into_iter();
            has_as_it_is(text, secret)
                || forms.any(|form| match form.len() {
                    0 => false,
                    1..SHORTEST_PART => has_as_words(text, &form),
                    length => all.contains(&form[..length.min(BEGINNING)]),
                })
        })
    }

    fn of_requests(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        let remembered = self.of_requests.lock();
        remembered.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text has a secret that is no word as it is, among whatever letters.
fn has_as_it_is(text: &str, secret: &str) -> bool {
    let is_word = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let lower = |text: &str| text.to_ascii_lowercase();
    !is_word && lower(text).contains(&lower(secret))
}

/// Whether words of a text, one behind the other, are these letters.
fn has_as_words(text: &str, form: &str) -> bool {
    let words: Vec<_> = words(text).map(str::to_ascii_lowercase).collect();
    (0..words.len()).any(|begin| {
        let mut rest = form;
        let mut next = words[begin..].iter();
        while !rest.is_empty() {
            match next.next().and_then(|word| rest.strip_prefix(&**word)) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        true
    })
}

/// A header's value, and those of its parts that are secrets by themselves.
fn parts_of_header(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    let long = value.split(SEPARATORS);
    let long = long.filter(|part| part.len() >= SHORTEST_IN_HEADER);
    parts.extend(long.map(str::to_owned));
    // The identifier of a key stands before a date and a region.
    let key = value.split_once("Credential=");
    parts.extend(key.and_then(|(_, key)| Some(key.split_once('/')?.0.to_owned())));
    // A name and a password.
    let pair = value.strip_prefix("Basic ");
    let pair = pair.and_then(|pair| STANDARD.decode(pair).ok());
    if let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok()) {
        let both = pair
            .split_once(':')
            .map(|(name, password)| [name, password]);
        parts.extend(both.into_iter().flatten().map(str::to_owned));
        parts.push(pair);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The letters of a secret as it may be repeated. What is encoded again and again is no plain words.
fn forms(secret: &str) -> Vec<String> {
    let decoded = percent_decode_str(secret).decode_utf8_lossy();
    let hex = secret.bytes().map(|byte| format!("{byte:02x}"));
    let mut forms = vec![letters(secret), letters(&decoded), hex.collect()];
    // Behind none, one or two other bytes of what is encoded.
    for before in 0..3 {
        let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
        let encoded = STANDARD.encode(&bytes);
        let encoded = encoded.trim_end_matches('=');
        let begin = [0, 2, 3][before];
        let end = encoded.len() - usize::from(bytes.len() % 3 != 0);
        forms.push(letters(encoded.get(begin..end).unwrap_or_default()));
    }
    forms
}

/// The letters and digits of a text, in lower case: a service may have changed all others.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a text has a header with a credential, which nobody may know: `x-amz-security-token: abc`.
fn names_credential(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices(':').any(|(at, _)| {
        let name = lower[..at].trim_end_matches([' ', '"', '\'']);
        !lower[at + 1..].trim().is_empty() && TOLD_NAMES.iter().any(|told| name.ends_with(told))
    })
}

#[cfg(test)]
mod chains;
#[cfg(test)]
mod tests;
