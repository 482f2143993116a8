//! Why a daemon does not start.

use std::io;

use thiserror::Error;

use cachewarden_connect::BindError;
use cachewarden_store::StoreError;
use cachewarden_types::{Code, Problem};

use crate::folders::FolderError;
use crate::loading::SetupError;

/// Why the daemon does not start, or ends before its time.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A folder of the daemon's.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store or the views.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The socket.
    #[error(transparent)]
    Socket(#[from] BindError),
    /// The system refuses something.
    #[error("cannot {step}")]
    System {
        /// What was to be done.
        step: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl Problem for ServeError {
    fn code(&self) -> Code {
        match self {
            Self::Setup(error) => error.code(),
            Self::Folder(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Socket(error) => error.code(),
            Self::System { .. } => Code::System,
        }
    }

    fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Setup(error) => error.remedy(),
            // Its text names options of the helper.
            Self::Store(_) => Some(
                "for `serve` the folder is `directory` in its configuration, and belongs to the user who runs it; there are no options --dir and --allow-shared-store",
            ),
            Self::Folder(_) | Self::Socket(_) | Self::System { .. } => None,
        }
    }
}

pub(super) fn cannot(step: &'static str) -> impl FnOnce(io::Error) -> ServeError {
    move |source| ServeError::System { step, source }
}
