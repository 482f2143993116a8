//! Storage that other machines share, in the configuration.

use std::path::PathBuf;

use serde::Deserialize;

use cachewarden_remote::{Address, Credentials, CredentialsFile, TierList};
use cachewarden_types::with_causes;

/// A remote tier. Of several, the nearest comes first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RemoteConfig {
    /// Where it is.
    pub url: String,
    /// The file with its credentials. Without it the service looks where its own tools do.
    pub credentials: Option<PathBuf>,
}

/// The tiers, from near to far; else what is wrong with one.
pub(crate) fn tiers(remote: &[RemoteConfig]) -> Result<TierList, String> {
    let mut tiers = TierList::default();
    for one in remote {
        let wrong = |error: &dyn std::error::Error| format!("[[remote]]: {}", with_causes(error));
        let address = Address::parse(&one.url).map_err(|error| wrong(&error))?;
        let file = match &one.credentials {
            Some(file) => CredentialsFile::read(file).map_err(|error| wrong(&error))?,
            None => CredentialsFile::default(),
        };
        let credentials = Credentials::of(&address, |name| file.get(name));
        tiers
            .add(address, credentials)
            .map_err(|error| wrong(&error))?;
    }
    Ok(tiers)
}
