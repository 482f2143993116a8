//! Storage that other machines share, in the configuration.

use std::path::PathBuf;

use serde::Deserialize;

use cachewarden_remote::{Address, Credentials, CredentialsFile};
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
pub(crate) fn tiers(remote: &[RemoteConfig]) -> Result<Vec<(Address, Credentials)>, String> {
    let mut tiers: Vec<(Address, Credentials)> = Vec::new();
    for one in remote {
        let wrong = |error: &dyn std::error::Error| format!("[[remote]]: {}", with_causes(error));
        let address = Address::parse(&one.url).map_err(|error| wrong(&error))?;
        let file = match &one.credentials {
            Some(file) => CredentialsFile::read(file).map_err(|error| wrong(&error))?,
            None => CredentialsFile::default(),
        };
        let is_there = |(tier, _): &(Address, _)| tier.tier_id() == address.tier_id();
        if tiers.iter().any(is_there) {
            return Err(format!("[[remote]]: {address} is named twice"));
        }
        let credentials = Credentials::of(&address, |name| file.get(name));
        tiers.push((address, credentials));
    }
    Ok(tiers)
}
