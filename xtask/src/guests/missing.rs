//! The one kind of failure that is no fault of the sources: a tool is not on this machine, and could not be fetched.

/// What is missing, and what to install.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct MissingTool(pub(super) String);
