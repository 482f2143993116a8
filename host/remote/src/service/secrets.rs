//! What a service may repeat of a request, and nobody may read: an error page, or a debugging proxy,
//! may have all headers of it.
//!
//! What always holds: no text of a service leaves this crate but through [`Secrets::in_words`].

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::service_kind::ServiceKind;

use super::words::in_words;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// A secret with fewer letters is looked for as a word of its own, since it may be a part of others:
/// a key may have the identifier `id`.
const SHORTEST_PART: usize = 6;

/// Variables with credentials that the services' own tools have, and that are not given to us.
const OF_TOOLS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
];

/// What the name of a header ends with whose value may be a credential that is not known here, such
/// as one of a machine's role. `ExpiredToken: ` is none.
const HEADERS: [&str; 8] = [
    AUTHORIZATION,
    "cookie",
    "-token",
    "-key",
    "-signature",
    "password",
    "secret",
    "x-amz-content-sha256",
];

/// The same for the name of a parameter, as in `X-Amz-Signature=`.
const PARAMETERS: [&str; 9] = [
    AUTHORIZATION,
    "cookie",
    "token",
    "key",
    "signature",
    "sig",
    "credential",
    "password",
    "secret",
];

/// The header that has the credentials, with spaces in its value.
const AUTHORIZATION: &str = "authorization";

/// What may stand between a name, its sign, and the value.
const BETWEEN: [char; 4] = [' ', '"', '\'', '\\'];

/// What is not encoded in a query or a path by most.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The same in a path.
const IN_A_PATH: AsciiSet = UNRESERVED.remove(b'/');

/// The credentials of a tier, in all forms in which they may be repeated.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

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
        let mut secrets: Vec<String> = given.map(str::to_owned).collect();
        secrets.extend(OF_TOOLS.iter().filter_map(|name| std::env::var(name).ok()));
        // A signature of Azure is a part of its token.
        let parts = option("sas_token").into_iter();
        let parts = parts.flat_map(|token| token.trim_start_matches('?').split('&'));
        let signatures = parts.filter_map(|part| part.strip_prefix("sig="));
        secrets.extend(signatures.map(str::to_owned));
        let user = option("username").unwrap_or_default();
        let password = option("password").unwrap_or_default();
        if !user.is_empty() || !password.is_empty() {
            secrets.push(format!("{user}:{password}"));
        }
        let mut forms: Vec<_> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable();
        forms.dedup();
        Self(forms)
    }

    /// A text of a service as a sentence, without credentials.
    pub(super) fn in_words(&self, text: &str) -> String {
        // Before it is made a sentence, since a secret may have what that changes.
        let words = in_words(&self.hidden_in(text));
        without_named(&self.hidden_in(&words))
    }

    /// A text in which those are hidden that are known.
    fn hidden_in(&self, text: &str) -> String {
        // Of ASCII alone, so that places are the same in both.
        let lower = text.to_ascii_lowercase();
        let in_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let mut places = Vec::new();
        for secret in &self.0 {
            for (begin, _) in lower.match_indices(secret) {
                let end = begin + secret.len();
                let is_part =
                    lower[..begin].ends_with(in_word) || lower[end..].starts_with(in_word);
                if !is_part || secret.len() >= SHORTEST_PART {
                    places.push((begin, end));
                }
            }
        }
        places.sort_unstable();
        let mut hidden = String::new();
        let mut shown = 0;
        for (begin, end) in places {
            if begin >= shown {
                hidden.push_str(&text[shown..begin]);
                hidden.push_str(HIDDEN);
            }
            shown = shown.max(end);
        }
        hidden.push_str(&text[shown..]);
        hidden
    }
}

/// A secret as it may be repeated, in lower case, since what repeats it may have made it so.
fn forms(secret: &str) -> Vec<String> {
    let standard = STANDARD.encode(secret);
    let url_safe = URL_SAFE.encode(secret);
    let decoded = percent_encoding::percent_decode_str(secret).decode_utf8_lossy();
    let mut forms = vec![
        secret.to_owned(),
        decoded.into_owned(),
        standard.trim_end_matches('=').to_owned(),
        url_safe.trim_end_matches('=').to_owned(),
    ];
    let encoded = forms.iter().flat_map(|form| {
        let by = |set| utf8_percent_encode(form, set).to_string();
        let quoted = format!("{form:?}");
        let quoted = quoted.trim_matches('"').to_owned();
        [
            by(NON_ALPHANUMERIC),
            by(&UNRESERVED),
            by(&IN_A_PATH),
            quoted.replace('/', "\\/"),
            quoted,
            of_html(form),
        ]
    });
    let encoded: Vec<_> = encoded.collect();
    forms.extend(encoded);
    forms.iter().map(|form| form.to_ascii_lowercase()).collect()
}

fn of_html(text: &str) -> String {
    [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&quot;"),
        ("'", "&#39;"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (letter, entity)| {
        text.replace(letter, entity)
    })
}

/// A sentence without what is said to be a credential: behind `=` up to the end of the word, and
/// behind `:` up to the end, since a header's value has spaces.
fn without_named(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut hidden = String::new();
    let mut shown = 0;
    for (at, sign) in lower.match_indices([':', '=']) {
        let before = lower[..at].trim_end_matches(BETWEEN);
        let names = match sign {
            ":" => &HEADERS[..],
            _ => &PARAMETERS,
        };
        let rest = lower[at + 1..].trim_start_matches(BETWEEN);
        if at < shown || rest.is_empty() || !names.iter().any(|name| before.ends_with(name)) {
            continue;
        }
        let value = lower.len() - rest.len();
        hidden.push_str(&text[shown..value]);
        hidden.push_str(HIDDEN);
        if sign == ":" || before.ends_with(AUTHORIZATION) {
            return hidden;
        }
        let ends = |letter: char| letter.is_whitespace() || "&,;<>\"'".contains(letter);
        shown = rest.find(ends).map_or(lower.len(), |length| value + length);
    }
    hidden.push_str(&text[shown..]);
    hidden
}

#[cfg(test)]
mod tests;
