//! Storage that other machines share, in the configuration.

use std::path::PathBuf;

use serde::Deserialize;

/// A remote tier. Of several, the nearest comes first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RemoteConfig {
    /// Where it is.
    pub url: String,
    /// The file with its credentials. Without it the service looks where its own tools do.
    pub credentials: Option<PathBuf>,
}
