//! Why an upload has stopped.

use std::io;

use cachewarden_types::ScopeName;
use thiserror::Error;

use crate::format::{FORMAT, FORMAT_KEY};
use crate::layout::Layout;
use crate::service::ServiceError;

/// Why an upload has stopped. What was not sent stays in the outbox.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The service does not do what it is asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The credentials do not allow to write a scope. Entries of other scopes were sent.
    #[error("what is in scope {scope} may not be sent, and waits; other scopes go on")]
    Scope {
        /// The scope.
        scope: ScopeName,
        /// What the service says.
        source: ServiceError,
    },
    /// What is in the tier was written by another version.
    #[error(
        "the tier has format {found}, and this version of cachewarden writes format {FORMAT}; use a prefix of its own for each, or the same version everywhere"
    )]
    OtherFormat {
        /// The number of the format.
        found: u32,
    },
    /// Its entries are laid out in another way than the address says.
    #[error(
        "the entries in the tier have the layout `{}`, and the address means `{}`; say `layout={}` in the address, or choose another prefix",
        found.name(), meant.name(), found.name()
    )]
    OtherLayout {
        /// That of its entries.
        found: Layout,
        /// That of the address.
        meant: Layout,
    },
    /// There is something else at the key of the format marker.
    #[error(
        "there is something at `{FORMAT_KEY}` that cachewarden has not written; choose another prefix"
    )]
    NoTier,
    /// The outbox cannot be read or changed.
    #[error("the outbox in the store cannot be used")]
    Outbox(#[source] io::Error),
}

impl UploadError {
    /// What kind of thing a person has to change before any upload gets further, in one word; `None`
    /// where the next one may.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Scope { .. }
            | Self::Service(ServiceError::Denied(_) | ServiceError::NoCredential { .. }) => {
                Some("denied")
            }
            Self::Service(
                ServiceError::Config { .. }
                | ServiceError::Absent { .. }
                | ServiceError::Unsupported(_),
            ) => Some("unusable"),
            Self::OtherFormat { .. } | Self::NoTier => Some("other-format"),
            Self::OtherLayout { .. } => Some("other-layout"),
            Self::Service(
                ServiceError::Failed(_)
                | ServiceError::Throttled(_)
                | ServiceError::TooLarge { .. }
                | ServiceError::LaterForm { .. }
                | ServiceError::NoValue(_)
                | ServiceError::TooShort(_),
            )
            | Self::Outbox(_) => None,
        }
    }
}
