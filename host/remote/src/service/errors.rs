//! Why a service has not done what it was asked.
//!
//! opendal has a kind for most of it. What it has none for is found in its text: the status of an
//! HTTP answer, or a word of Redis. The text holds what the service says, so it
//! decides about the kind of an error alone, and never whether something is one.

use opendal::ErrorKind;
use thiserror::Error;

use super::cause::{Cause, NO_TLS, root};
use super::secrets::Secrets;

/// Why a service has not done what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The address is not right for the service, or names a bucket that is not there.
    #[error("{address} cannot be used")]
    Config {
        /// The address.
        address: String,
        /// What the service says.
        source: Cause,
    },
    /// The folder that the tier is in is missing, and nobody is to make it.
    #[error("the folder {folder} is not there")]
    Absent {
        /// The folder.
        folder: String,
    },
    /// The credentials do not allow it, or the service wants some where there are none.
    #[error("the service does not allow it")]
    Denied(#[source] Cause),
    /// There are no credentials, so that the service was not asked.
    #[error("no credential was found: {lacking}")]
    NoCredential {
        /// The variables that are not set.
        lacking: String,
    },
    /// The service asks for fewer requests.
    #[error("the service asks for fewer requests")]
    Throttled(#[source] Cause),
    /// The service cannot do that at all.
    #[error("the service cannot do that")]
    Unsupported(#[source] Cause),
    /// The value has more bytes than are read, or than the service takes.
    #[error("the value at {key} has more than {most} bytes")]
    TooLarge {
        /// Its key.
        key: String,
        /// The bound.
        most: u64,
    },
    /// The value was written by a later version of this program, and stays as it is.
    #[error(
        "the value at {key} is of a later version of cachewarden; use the same version everywhere"
    )]
    LaterForm {
        /// Its key.
        key: String,
    },
    /// What is at the key is no value that can be read, such as a list of Redis.
    #[error("what is at a key is no value")]
    NoValue(#[source] Cause),
    /// The value has fewer bytes than its part would need that is asked for.
    #[error("a value is shorter than what names it says")]
    TooShort(#[source] Cause),
    /// It does not answer, or not in time, or with an error of its own.
    #[error("the service has failed")]
    Failed(#[source] Cause),
}

impl ServiceError {
    /// The error for what the service at an address has answered.
    pub(super) fn of(address: &str, secrets: &Secrets, error: opendal::Error) -> Self {
        Self::by(address, kind(&error), Cause::new(&error, secrets))
    }

    /// The error for what was wrong before the service was asked.
    pub(super) fn before(address: &str, secrets: &Secrets, error: opendal::Error) -> Self {
        Self::by(address, kind(&error), Cause::from_before(&error, secrets))
    }

    /// Whether the value is to blame, which is none that a tier has there, and not the service.
    pub(crate) fn is_of_value(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::NoValue(_))
    }

    fn by(address: &str, kind: ErrorKind, source: Cause) -> Self {
        match kind {
            ErrorKind::ConfigInvalid | ErrorKind::NotFound => Self::Config {
                address: address.to_owned(),
                source,
            },
            ErrorKind::PermissionDenied => Self::Denied(source),
            ErrorKind::RateLimited => Self::Throttled(source),
            ErrorKind::Unsupported => Self::Unsupported(source),
            ErrorKind::RangeNotSatisfied => Self::TooShort(source),
            ErrorKind::IsADirectory => Self::NoValue(source),
            _ => Self::Failed(source),
        }
    }
}

/// Texts of errors for which opendal has no kind, or another one.
const TEXTS: [(&str, ErrorKind); 11] = [
    // A service has given what there is of a part. One that breaks off has another text.
    ("reader got too little data", ErrorKind::RangeNotSatisfied),
    // The address says HTTPS.
    (NO_TLS, ErrorKind::ConfigInvalid),
    ("status: 401,", ErrorKind::PermissionDenied),
    ("status: 429,", ErrorKind::RateLimited),
    // S3 answers these with status 400.
    ("code: \"ExpiredToken\"", ErrorKind::PermissionDenied),
    ("code: \"InvalidToken\"", ErrorKind::PermissionDenied),
    ("code: \"InvalidAccessKeyId\"", ErrorKind::PermissionDenied),
    // The bucket of S3, of Azure, and that of Google.
    ("code: \"NoSuchBucket\"", ErrorKind::ConfigInvalid),
    ("code: \"ContainerNotFound\"", ErrorKind::ConfigInvalid),
    (
        "The specified bucket does not exist",
        ErrorKind::ConfigInvalid,
    ),
    ("bucket not found", ErrorKind::ConfigInvalid),
];

fn kind(error: &opendal::Error) -> ErrorKind {
    let texts = [Some(error.to_string()), root(error)];
    let has = |part| texts.iter().flatten().any(|text| text.contains(part));
    let found = TEXTS.iter().find(|(part, _)| has(*part));
    found.map_or(error.kind(), |(_, kind)| *kind)
}

/// Whether there are no credentials, or only a part of them.
pub(super) fn says_no_credential(error: &opendal::Error) -> bool {
    root(error).is_some_and(|text| text.contains("failed to load signing credential"))
}

/// Whether the answer is that a key has no value. A bucket that is not there is something else.
pub(super) fn says_none(error: &opendal::Error) -> bool {
    error.kind() == ErrorKind::NotFound && kind(error) == ErrorKind::NotFound
}

/// Whether a value was not written because its folder is not there.
pub(super) fn says_no_folder(error: &opendal::Error) -> bool {
    // WebDAV: 409, and 404 of servers that do not know better.
    error.kind() == ErrorKind::NotFound || error.to_string().contains("status: 409,")
}

/// Whether a server does not know the verb: one of WebDAV without PROPFIND.
pub(super) fn says_no_verb(error: &opendal::Error) -> bool {
    let text = error.to_string();
    ["status: 405,", "status: 501,"]
        .iter()
        .any(|status| text.contains(status))
}
