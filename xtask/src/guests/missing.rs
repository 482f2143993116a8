//! The one kind of failure that is no fault of the sources: a tool is not on this machine, and could not be fetched,
//! because the client that fetches it is missing or has no network.

/// What is missing, and what to install.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct MissingTool(pub(super) String);

impl MissingTool {
    /// A package client could not bring a tool: `what` it is and which client it was.
    pub(super) fn not_fetched(what: &str, error: &anyhow::Error) -> Self {
        Self(format!(
            "{what} could not be fetched: {error:#}; look at what is printed above, and whether there is a network"
        ))
    }
}
