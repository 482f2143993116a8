//! The environment of this process, as far as a client reads it that looks for credentials itself.
//!
//! What always holds: no client looks around where a variable is not valid UTF-8. The library
//! (reqsign) reads all variables at once, and panics at such a one, with its value in the text. It
//! cannot be given another environment, and this process may have threads, so none is changed.

use std::collections::BTreeMap;
use std::ffi::OsString;

use opendal::{Error, ErrorKind};

use crate::service_kind::ServiceKind;

/// An error that names a variable at which a client with these options would panic.
pub(super) fn check(
    kind: ServiceKind,
    options: &BTreeMap<String, String>,
    mut variables: impl Iterator<Item = (OsString, OsString)>,
) -> opendal::Result<()> {
    if !looks_around(kind, options) {
        return Ok(());
    }
    let wrong = variables.find(|(name, value)| name.to_str().is_none() || value.to_str().is_none());
    match wrong {
        None => Ok(()),
        Some((name, _)) => {
            let name = name.to_string_lossy();
            let text = format!(
                "the environment variable {} is not valid UTF-8, and all of them are read to find \
                 credentials; unset it",
                name.escape_debug()
            );
            Err(Error::new(ErrorKind::ConfigInvalid, text))
        }
    }
}

/// Whether a client with these options reads the environment.
fn looks_around(kind: ServiceKind, options: &BTreeMap<String, String>) -> bool {
    let has = |name: &str| options.contains_key(name);
    let is_anonymous = options
        .get("skip_signature")
        .is_some_and(|value| value == "true");
    let has_own = match kind {
        ServiceKind::S3 => {
            has("access_key_id") && has("secret_access_key") && !has("role_arn") || is_anonymous
        }
        ServiceKind::Azblob => {
            has("sas_token") || has("account_key") && has("account_name") || is_anonymous
        }
        // It reads them whatever it is told.
        ServiceKind::Gcs => false,
        _ => true,
    };
    !has_own
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On Unix this is some bytes, on Windows half of a pair of surrogates.
    #[cfg(unix)]
    fn wrong() -> OsString {
        std::os::unix::ffi::OsStringExt::from_vec(b"SECRET\xff".to_vec())
    }

    #[cfg(windows)]
    fn wrong() -> OsString {
        let units: Vec<u16> = "SECRET".encode_utf16().chain([0xD800]).collect();
        std::os::windows::ffi::OsStringExt::from_wide(&units)
    }

    #[test]
    fn a_variable_that_is_not_utf8_matters_to_who_looks_for_credentials_alone() {
        let key = [("access_key_id", "id"), ("secret_access_key", "key")];
        let with_role = [key[0], key[1], ("role_arn", "arn")];
        let account = [("account_name", "name"), ("account_key", "key")];
        let anonymous = [("skip_signature", "true")];
        for (kind, options, expected) in [
            (ServiceKind::S3, &[][..], false),
            (ServiceKind::S3, &key[..1], false),
            (ServiceKind::S3, &with_role, false),
            (ServiceKind::S3, &key, true),
            (ServiceKind::S3, &anonymous, true),
            (ServiceKind::Azblob, &account[..1], false),
            (ServiceKind::Azblob, &account, true),
            (ServiceKind::Azblob, &[("sas_token", "token")], true),
            (ServiceKind::Gcs, &[("token", "token")], false),
            (ServiceKind::Redis, &[], true),
            (ServiceKind::WebdavHttp, &[], true),
        ] {
            let all = options
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let all = BTreeMap::from_iter(all);
            let right = [("HOME".into(), "/root".into())];
            assert!(check(kind, &all, right.clone().into_iter()).is_ok());
            for (name, told) in [("FOO".into(), "FOO"), (wrong(), "SECRET\u{fffd}")] {
                let variables = right.clone().into_iter().chain([(name, wrong())]);
                let checked = check(kind, &all, variables);
                assert_eq!(checked.is_ok(), expected, "{kind:?} {options:?}");
                if let Err(error) = checked {
                    let text = error.to_string();
                    assert!(text.contains(&format!("variable {told} is")), "{text}");
                }
            }
        }
    }
}
