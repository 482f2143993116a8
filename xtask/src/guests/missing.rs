//! The error for a tool that is not on this machine and could not be fetched, because the client
//! that fetches it is missing or has no network. This is not a fault of the sources.

/// What is missing, and what to install.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct MissingTool(pub(super) String);

impl MissingTool {
    /// A package client could not fetch a tool.
    pub(super) fn not_fetched(what: &str, error: &anyhow::Error) -> Self {
        Self(format!(
            "{what} could not be fetched: {error:#}; look at what is printed above, and whether there is a network"
        ))
    }
}
