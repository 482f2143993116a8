//! Remote tiers: those that a configuration names, and what is sent to them. A program that is
//! built without them has `no_remote.rs` in the place of this module.

mod uploads;

use cachewarden_remote::{Address, Credentials, CredentialsFile};
use cachewarden_types::with_causes;

use crate::config::RemoteConfig;

pub(crate) use cachewarden_remote::TierList;
pub(crate) use uploads::Uploads;

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
