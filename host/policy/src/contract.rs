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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_patch_of_this_minor_version_is_served_and_nothing_else() {
        for (made_for, served) in [
            (VERSION, true),
            ("0.2.9", true),
            ("0.2.17", true),
            ("0.1.0", false),
            ("0.3.0", false),
            ("0.20.0", false),
            ("1.2.0", false),
            ("0.2", false),
            ("", false),
        ] {
            match check(made_for) {
                Ok(()) => assert!(served, "{made_for}"),
                Err(error) => {
                    assert!(!served, "{made_for}");
                    let text = error.to_string();
                    assert!(text.contains(made_for) && text.contains(VERSION), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_version_stands_in_the_names_of_the_contracts_interfaces_alone() {
        for (import, version) in [
            ("cachewarden:policy/host@0.2.0", Some("0.2.0")),
            ("cachewarden:policy/types@9.9.9", Some("9.9.9")),
            ("cachewarden:policy/host", None),
            ("wasi:io/streams@0.2.0", None),
            ("cachewarden:policylike/host@0.2.0", None),
        ] {
            assert_eq!(version_imported(import), version, "{import}");
        }
        assert_eq!(HOST_INTERFACE.strip_prefix(PACKAGE), Some("host"));
    }
}
