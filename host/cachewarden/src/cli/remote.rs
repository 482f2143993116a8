//! Remote tiers as the options name them: their addresses, and the credentials for each.
//!
//! Credentials are no options: they are in variables of their own, or in a file, and never in an
//! address, which `ps` shows. No text has one in it. `--no-env` does not matter to them: it is there
//! so that nobody sets an option by a variable.
//!
//! All that the program does with tiers is below here. A program that is built without them has
//! `no_remote.rs` in the place of this module.

mod findings;
mod flush;
mod upload;
mod verbs;

use std::collections::BTreeMap;
use std::env::VarError;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_remote::{
    Address, Credentials, CredentialsFile, DEFAULT_LEVEL, TierList, format, tier_outage,
};
use cachewarden_session::{DEFAULT_REMOTE_BUDGET, RemoteTiers};
use cachewarden_store::{Store, TierId};
use cachewarden_types::Code;

use super::arguments::RemoteOptions;
use super::arguments::remote::MAX_LEVEL;
use super::failure::{Failure, OrFail, ensure};

pub(super) use cachewarden_remote::is_panic_an_error;
pub(super) use findings::findings;
pub(super) use flush::flush;
pub(super) use upload::upload;
pub(super) use verbs::run;

const _: () = assert!(MAX_LEVEL == format::MAX_LEVEL);

/// What is said to who does something with remote tiers, and has none.
const NONE_NAMED: &str = "no remote tier is named, neither by --remote (CACHEWARDEN_REMOTE) nor in GOCACHEPROG; name one, for example --remote s3://bucket/prefix";

/// Refuses tiers that cannot be as the options name them. None is asked anything.
pub(super) fn check(options: &RemoteOptions) -> Result<(), Failure> {
    addresses(options)?;
    credentials_file(options)?;
    Ok(())
}

/// The addresses, by what the store calls each tier.
pub(super) fn addresses_by_id(
    options: &RemoteOptions,
) -> Result<BTreeMap<TierId, String>, Failure> {
    let by_id = |address: &Address| (address.tier_id(), address.to_string());
    Ok(addresses(options)?.iter().map(by_id).collect())
}

/// Since when go commands leave a tier alone, and why; `None` where they do not.
pub(super) fn outage(store: &Store, tier: TierId) -> Option<(SystemTime, String)> {
    let outage = tier_outage(store, tier)?;
    Some((outage.since, outage.reason))
}

/// The addresses, from near to far.
fn addresses(options: &RemoteOptions) -> Result<Vec<Address>, Failure> {
    let list = list(options, |_| Credentials::default())?;
    Ok(list.iter().map(|(address, _)| address.clone()).collect())
}

/// The tiers, from near to far.
fn tiers(options: &RemoteOptions) -> Result<TierList, Failure> {
    let file = credentials_file(options)?;
    let of_file = file.map(CredentialsFile::read).transpose()?;
    if of_file.is_none() && !options.remote.is_empty() {
        check_variables()?;
    }
    let variable = |name: &str| match &of_file {
        Some(file) => file.get(name),
        None => std::env::var(name).ok(),
    };
    list(options, |address| Credentials::of(address, variable))
}

/// Refuses a variable for a credential that is no text: it is not taken for one that is not set.
fn check_variables() -> Result<(), Failure> {
    let is_no_text = |name: &String| matches!(std::env::var(name), Err(VarError::NotUnicode(_)));
    match Credentials::variables().find(is_no_text) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Code::RemoteCredentials,
            format!(
                "the variable {name} is not valid UTF-8, so its value is no credential; set it to the credential, or unset it"
            ),
        )),
    }
}

fn list(
    options: &RemoteOptions,
    credentials: impl Fn(&Address) -> Credentials,
) -> Result<TierList, Failure> {
    let named = || "--remote".to_owned();
    let mut list = TierList::default();
    for text in &options.remote {
        let address = Address::parse(text).or_fail(Code::RemoteAddress, named)?;
        let credentials = credentials(&address);
        let added = list.add(address, credentials);
        added.or_fail(Code::RemoteAddress, named)?;
    }
    Ok(list)
}

/// The file with credentials, where one is named.
fn credentials_file(options: &RemoteOptions) -> Result<Option<&Path>, Failure> {
    let file = options.remote_credentials.as_deref();
    // No text may have it, such as one that says that there is no file of this name.
    let is_credential = |file: &Path| {
        let text = file.as_os_str().to_string_lossy();
        let name = text.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| Credentials::variables().any(|known| known == name))
    };
    ensure(
        !file.is_some_and(is_credential),
        Code::RemoteCredentials,
        || {
            "--remote-credentials: expected the path of a file with lines NAME=VALUE, and found a credential itself, which `ps` shows; replace that credential, and write the new one into a file".to_owned()
        },
    )?;
    let is_empty = file.is_some_and(|file| file.as_os_str().is_empty());
    ensure(!is_empty, Code::RemoteCredentials, || {
        "--remote-credentials: expected the path of a file with lines NAME=VALUE, and found nothing; leave the option out, and unset CACHEWARDEN_REMOTE_CREDENTIALS".to_owned()
    })?;
    Ok(file)
}

/// The tiers for sessions on this store; `None` where no option names one.
pub(super) fn for_sessions(
    options: &RemoteOptions,
    budget: Option<Duration>,
    store: &Arc<Store>,
) -> Result<Option<RemoteTiers>, Failure> {
    let budget = budget.unwrap_or(DEFAULT_REMOTE_BUDGET);
    let tiers = tiers(options)?.for_sessions(store, budget);
    tiers.or_fail(Code::System, || "cannot start a thread".to_owned())
}

/// The level of compression.
fn level(options: &RemoteOptions) -> i32 {
    options.remote_level.unwrap_or(DEFAULT_LEVEL)
}

/// What an uploader needs of this process's variables, where something waits for a tier that may be
/// written.
pub(super) fn credentials_for_upload(
    options: &RemoteOptions,
    store: &Store,
) -> Option<Vec<(String, OsString)>> {
    let addresses = addresses(options).unwrap_or_default();
    let mut writable = addresses.iter().filter(|address| address.mode.writes());
    let waits = |address: &Address| {
        let outbox = store.outbox(address.tier_id());
        outbox.is_some_and(|outbox| !outbox.is_empty())
    };
    let of_process = |name: String| Some((name.clone(), std::env::var_os(name)?));
    writable
        .any(waits)
        .then(|| Credentials::variables().filter_map(of_process).collect())
}

/// The names of the variables that may have credentials of tiers.
pub(super) fn credential_names() -> Vec<String> {
    Credentials::variables().collect()
}

/// Whether a variable has a credential of a tier. That is no option, so --no-env does not matter to
/// it, and no configuration file has it.
pub(super) fn is_credential(name: &OsStr) -> bool {
    Credentials::variables().any(|credential| *name == *credential)
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

    #[test]
    fn a_credential_where_a_file_is_expected_is_not_shown() {
        for (given, expected) in [
            (
                "CACHEWARDEN_S3_SECRET_ACCESS_KEY=SECRET",
                "a credential itself",
            ),
            ("", "found nothing"),
        ] {
            let options = RemoteOptions {
                remote_credentials: Some(given.into()),
                ..RemoteOptions::default()
            };
            let failure = tiers(&options).unwrap_err();
            let text = failure.text();
            assert!(text.contains("--remote-credentials: expected"), "{text}");
            assert!(
                text.contains(expected) && !text.contains("SECRET"),
                "{text}"
            );
        }
        let options = RemoteOptions {
            remote_credentials: Some("key=s".into()),
            ..RemoteOptions::default()
        };
        let text = tiers(&options).unwrap_err().text().to_owned();
        assert!(
            text.contains("key=s"),
            "a file may have such a name: {text}"
        );
    }
}
