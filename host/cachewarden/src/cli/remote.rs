//! Remote tiers as the options name them: their addresses, and the credentials for each.
//!
//! Credentials are no options: they are in variables of their own, or in a file, and never in an
//! address, which `ps` shows. No text has one in it. `--no-env` does not matter to them: it is there
//! so that nobody sets an option by a variable.

use std::sync::Arc;
use std::time::Duration;

use cachewarden_remote as remote;
use cachewarden_remote::{Address, Credentials, CredentialsFile, DEFAULT_LEVEL};
use cachewarden_session::{DEFAULT_REMOTE_BUDGET, RemoteTiers};
use cachewarden_store::Store;
use cachewarden_types::Code;

use super::arguments::RemoteOptions;
use super::failure::{Failure, OrFail, ensure};

/// What is said to who does something with remote tiers, and has none.
pub(super) const NONE_NAMED: &str =
    "no remote tier is named: neither by --remote (CACHEWARDEN_REMOTE) nor in GOCACHEPROG";

/// The addresses, from near to far.
pub(super) fn addresses(options: &RemoteOptions) -> Result<Vec<Address>, Failure> {
    let all = options.remote.iter();
    let mut addresses: Vec<Address> = Vec::new();
    for text in all {
        let address =
            Address::parse(text).or_fail(Code::RemoteAddress, || "--remote".to_owned())?;
        let is_new = addresses
            .iter()
            .all(|other| other.tier_id() != address.tier_id());
        ensure(is_new, Code::RemoteAddress, || {
            format!("--remote names the same place twice: {address}")
        })?;
        addresses.push(address);
    }
    Ok(addresses)
}

/// The tiers, from near to far.
pub(super) fn tiers(options: &RemoteOptions) -> Result<Vec<(Address, Credentials)>, Failure> {
    let addresses = addresses(options)?;
    let of_file = options
        .remote_credentials
        .as_deref()
        .map(CredentialsFile::read)
        .transpose()?;
    let variable = |name: &str| match &of_file {
        Some(file) => file.get(name),
        None => std::env::var(name).ok(),
    };
    let tiers = addresses.into_iter().map(|address| {
        let credentials = Credentials::of(&address, variable);
        (address, credentials)
    });
    Ok(tiers.collect())
}

/// The tiers for sessions on this store; `None` where no option names one.
pub(super) fn for_sessions(
    options: &RemoteOptions,
    budget: Option<Duration>,
    store: &Arc<Store>,
) -> Result<Option<RemoteTiers>, Failure> {
    if options.remote.is_empty() {
        return Ok(None);
    }
    let tiers = remote::RemoteTiers::new(tiers(options)?, Arc::clone(store))
        .or_fail(Code::System, || "cannot start a thread".to_owned())?;
    Ok(Some(RemoteTiers {
        tiers: Arc::new(tiers),
        budget: budget.unwrap_or(DEFAULT_REMOTE_BUDGET),
    }))
}

/// The level of compression.
pub(super) fn level(options: &RemoteOptions) -> i32 {
    options.remote_level.unwrap_or(DEFAULT_LEVEL)
}

/// The variables of this process that have credentials, for a process that this one starts.
pub(super) fn credential_variables() -> impl Iterator<Item = (String, std::ffi::OsString)> {
    Credentials::variables().filter_map(|name| {
        let value = std::env::var_os(&name)?;
        Some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_their_order_and_each_place_is_named_once() {
        let of = |remote: &[&str]| {
            let options = RemoteOptions {
                remote: remote.iter().map(|&text| text.to_owned()).collect(),
                ..RemoteOptions::default()
            };
            addresses(&options).map_err(|failure| failure.text().to_owned())
        };
        let two = of(&["file:///near", "s3://far?region=any"]).unwrap();
        assert_eq!(two[1].to_string(), "s3://far?region=any");
        let twice = of(&["file:///a?mode=read", "file:///a"]).unwrap_err();
        assert!(twice.contains("twice"), "{twice}");
        for wrong in [
            "s3://id:secret@bucket",
            "s3://bucket?secret_access_key=secret",
            "://u:secret@b?x=secret",
        ] {
            let told = of(&[wrong]).unwrap_err();
            assert!(
                told.contains("--remote") && !told.contains("secret@"),
                "{told}"
            );
            assert!(!told.contains("=secret"), "{told}");
        }
    }
}
