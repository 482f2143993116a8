//! Why a text is no address of a tier.
//!
//! What always holds: no text of an error has a credential in it.

use thiserror::Error;
use url::Url;

use crate::service_kind::ServiceKind;

/// Why a text is no address of a tier.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no URL.
    #[error("`{text}` is no URL: {reason}; for example s3://bucket/prefix")]
    NoUrl {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is a path.
    #[error("`{path}` is a path; the tier in that folder has the address {url}")]
    Path {
        /// The path.
        path: String,
        /// The address of the folder.
        url: Url,
    },
    /// No service has this scheme.
    #[error("no service is known as `{scheme}:`{}; there are {}", meant(*.nearest), ServiceKind::schemes())]
    Scheme {
        /// The scheme.
        scheme: String,
        /// The known one that is most like it.
        nearest: Option<&'static str>,
    },
    /// The program was built without the service.
    #[error(
        "this program was built without {scheme}: tiers; build it with the cargo feature `{feature}`"
    )]
    NotBuilt {
        /// The scheme.
        scheme: &'static str,
        /// The feature.
        feature: String,
    },
    /// The service needs a part that is not there.
    #[error("`{text}` has no {part}; expected {example}")]
    Missing {
        /// The address.
        text: String,
        /// The part.
        part: &'static str,
        /// A whole address.
        example: &'static str,
    },
    /// A credential is part of the address.
    #[error(
        "an address has no credentials, since `ps` shows it: set {variable} instead of `{name}`"
    )]
    Credential {
        /// The part of the address.
        name: String,
        /// The environment variable to set.
        variable: String,
    },
    /// Credentials stand before the host.
    #[error("an address has no credentials before an `@`, since `ps` shows it{}", .variables.as_ref().map_or_else(String::new, |variables| format!(": set {variables}")))]
    UserInfo {
        /// The environment variables to set; `None` where the service has none.
        variables: Option<String>,
    },
    /// The service has no such option.
    #[error("{scheme}: has no option `{name}`{}", meant(.nearest.as_deref()))]
    Option {
        /// The scheme.
        scheme: &'static str,
        /// The option.
        name: String,
        /// The known one that is most like it.
        nearest: Option<String>,
    },
    /// An option has a value that it cannot have.
    #[error("`{name}={value}`: expected {expected}")]
    Value {
        /// The option.
        name: &'static str,
        /// The value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// An option stands in the path.
    #[error(
        "`&{name}=` is part of the path here: the first option begins with `?`, and each further one with `&`; a `&` of the path itself is written `%26`"
    )]
    InPath {
        /// The option.
        name: String,
    },
    /// An option is given more than once.
    #[error("the option `{name}` is there twice; give it once")]
    Twice {
        /// The option.
        name: String,
    },
    /// There is a space in it, or a line end.
    #[error(
        "an address has no space in it: of several, each is in a --remote of its own, or on a line of its own in CACHEWARDEN_REMOTE; a space of a path is written `%20`"
    )]
    Space,
    /// Bytes would travel unprotected.
    #[error(
        "{endpoint} is plain HTTP, which anybody on the way can read and change; use https, or add `allow-http=true`"
    )]
    PlainHttp {
        /// Where the service is.
        endpoint: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!(", did you mean `{nearest}`?")
    })
}

/// An address, or a part of one, for an error: what may be a credential in it is left out.
pub(super) fn without_credentials(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    // An option that stands in the path.
    let is_credential = |(at, _): &(usize, &str)| {
        let (name, _) = text[at + 1..].split_once('=').unwrap_or_default();
        let name = name.replace('-', "_");
        let mut kinds = ServiceKind::all_schemes().filter_map(ServiceKind::of_scheme);
        kinds.any(|kind| kind.credentials().contains(&&*name))
    };
    let end = text.match_indices('&').find(is_credential);
    let text = end.map_or(text, |(at, _)| &text[..at]);
    match text.rsplit_once('@') {
        Some((_, host)) => format!("...@{host}"),
        None => text.to_owned(),
    }
}
