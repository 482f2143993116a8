//! The version of the contract (`guest-sdk/wit/policy.wit`), and which versions of policies this
//! host accepts.

use thiserror::Error;

/// The version of the contract that this host has.
pub const VERSION: &str = "0.2.0";

/// The prefix of the names of the contract's interfaces; they end in `@` and a version.
const PACKAGE: &str = "cachewarden:policy/";

/// The interface that a policy imports from the host, without its version.
pub(super) const HOST_INTERFACE: &str = "cachewarden:policy/host";

/// The version in the name of an import, if it is one of the contract.
pub(super) fn version_imported(name: &str) -> Option<&str> {
    let (_, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    Some(version)
}

/// The policy was made for another minor version, whose types may differ.
#[derive(Debug, Error)]
#[error(
    "it was made for version {0} of the contract, and this cachewarden speaks {VERSION}; build it again with the SDK of this cachewarden (`cachewarden policy new` makes a project with it)"
)]
pub(super) struct OtherVersion(String);

/// Accepts any patch version of this host's minor version, older or newer.
pub(super) fn check(made_for: &str) -> Result<(), OtherVersion> {
    let minor = |version: &'static str| version.rsplit_once('.').map(|(minor, _)| minor);
    let same = made_for
        .rsplit_once('.')
        .is_some_and(|(made_for, _)| Some(made_for) == minor(VERSION));
    match same {
        true => Ok(()),
        false => Err(OtherVersion(made_for.to_owned())),
    }
}
