//! Which credentials are not there, for a person.

use crate::address::Credentials;
use crate::service_kind::ServiceKind;

/// Options that open a service together, by services that are not asked without.
fn sets(kind: ServiceKind) -> &'static [&'static [&'static str]] {
    match kind {
        ServiceKind::S3 => &[&["access_key_id", "secret_access_key"]],
        ServiceKind::Gcs => &[&["credential"], &["token"]],
        ServiceKind::Azblob => &[&["account_key"], &["sas_token"]],
        _ => &[],
    }
}

/// Which variables are not set, where no credential was found.
pub(super) fn lacking(kind: ServiceKind, credentials: &Credentials) -> String {
    let is_set = |name: &&&str| credentials.0.contains_key(**name);
    let variables = |names: Vec<&&str>| {
        let names = names.into_iter().map(|name| kind.variable(name));
        names.collect::<Vec<_>>().join(" and ")
    };
    let begun = sets(kind)
        .iter()
        .find(|set| set.iter().any(|name| is_set(&name)));
    let Some(begun) = begun else {
        let all = variables(sets(kind).iter().copied().flatten().collect());
        return format!("{all} are empty or not set, and the service's own tools have none here");
    };
    let (set, unset): (Vec<_>, Vec<_>) = begun.iter().partition(is_set);
    match unset.is_empty() {
        true => format!("{} is set, and this service cannot use it", variables(set)),
        false => format!(
            "{} is empty or not set, though {} is set",
            variables(unset),
            variables(set)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_them_is_a_credential_of_its_service() {
        for kind in ServiceKind::all_schemes().filter_map(ServiceKind::of_scheme) {
            for name in sets(kind).iter().copied().flatten() {
                assert!(kind.credentials().contains(name), "{kind:?} {name}");
            }
        }
        let none = lacking(ServiceKind::Azblob, &Credentials::default());
        let both = "CACHEWARDEN_AZBLOB_ACCOUNT_KEY and CACHEWARDEN_AZBLOB_SAS_TOKEN are empty";
        assert!(none.starts_with(both), "{none}");
    }
}
