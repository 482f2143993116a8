//! In the place of `remote.rs` in a program that is built without remote tiers. What always holds:
//! an option that names a tier is refused, so nobody takes one to be in use.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cachewarden_session::RemoteTiers;
use cachewarden_store::{Store, TierId};
use cachewarden_types::Code;

use super::advice::advice_on;
use super::arguments::{FlushOptions, Origins, RemoteOptions, RemoteVerb, UploadOptions};
use super::doctor::Finding;
use super::exit_status::ExitStatus;
use super::failure::{Failure, ensure};
use super::services::{self, SERVICES};

/// What is said to who does something with tiers.
const NOT_BUILT: &str = "this program was built without remote tiers";

/// What a person does next.
fn remedy() -> String {
    let features = SERVICES.map(|(feature, _)| feature);
    format!(
        "build it with the default cargo features, which are all services, or with some of them: {}",
        features.join(", ")
    )
}

/// Refuses tiers.
pub(super) fn check(options: &RemoteOptions) -> Result<(), Failure> {
    ensure(options.remote.is_empty(), Code::RemoteAddress, || {
        format!(
            "--remote: {NOT_BUILT}; leave the option out, or {}",
            remedy()
        )
    })
}

/// No panic is an error there: no library speaks to a tier.
pub(super) fn is_panic_an_error() -> bool {
    false
}

/// No addresses.
pub(super) fn addresses_by_id(_: &RemoteOptions) -> Result<BTreeMap<TierId, String>, Failure> {
    Ok(BTreeMap::new())
}

/// No outage: such a program asks no tier.
pub(super) fn outage(_: &Store, _: TierId) -> Option<(SystemTime, String)> {
    None
}

/// No tiers, if the options name none.
pub(super) fn for_sessions(
    options: &RemoteOptions,
    _: Option<Duration>,
    _: &Arc<Store>,
) -> Result<Option<RemoteTiers>, Failure> {
    check(options).map(|()| None)
}

/// What may wait in the store is for another program to send.
pub(super) fn credentials_for_upload(
    _: &RemoteOptions,
    _: &Store,
) -> Option<Vec<(String, OsString)>> {
    None
}

/// A name with a mistake is not seen: it does nothing here.
pub(super) fn credential_names() -> Vec<String> {
    Vec::new()
}

/// Whether a variable is of a service. A machine may have it for other programs, so it does not
/// matter.
pub(super) fn is_credential(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_of = |service: &str| name.starts_with(&services::variables(service));
    SERVICES.iter().any(|(service, _)| is_of(service))
}

/// What `doctor` finds of tiers that the options name.
pub(super) fn findings(options: &RemoteOptions) -> impl Iterator<Item = Finding> {
    let refused = check(options).err();
    refused
        .into_iter()
        .map(|failure| Err(advice_on(failure, remedy())))
}

/// Sends nothing.
pub(super) fn flush(_: &FlushOptions, _: &Origins) -> Result<ExitStatus, Failure> {
    Err(no_verb())
}

/// Sends nothing.
pub(super) fn upload(_: &UploadOptions) -> Result<ExitStatus, Failure> {
    Err(no_verb())
}

/// Looks at no tier.
pub(super) fn run(_: &RemoteVerb, _: &Origins) -> Result<ExitStatus, Failure> {
    Err(no_verb())
}

fn no_verb() -> Failure {
    Failure::new(Code::RemoteAddress, format!("{NOT_BUILT}; {}", remedy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_that_is_named_is_refused_with_the_ways_to_have_tiers() {
        let named = RemoteOptions {
            remote: vec!["s3://bucket".to_owned()],
            ..RemoteOptions::default()
        };
        let text = check(&named).unwrap_err().text().to_owned();
        for expected in [
            "--remote",
            "without remote tiers",
            "cargo features",
            "azblob, file",
        ] {
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(findings(&named).filter(Result::is_err).count(), 1);
        let none = RemoteOptions::default();
        check(&none).unwrap();
        assert_eq!(findings(&none).count(), 0);
    }

    #[test]
    fn variables_of_services_do_not_matter_and_others_do() {
        assert!(is_credential("CACHEWARDEN_S3_SECRET_ACCESS_KEY".as_ref()));
        assert!(!is_credential("CACHEWARDEN_REMOTE_LEVEL".as_ref()));
        assert!(!is_credential("CACHEWARDEN_S3".as_ref()));
    }
}
