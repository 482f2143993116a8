//! The services that a remote tier can be on. Each is a cargo feature.

/// Their features, and whether this program was built with each.
pub(super) const SERVICES: [(&str, bool); 8] = [
    ("azblob", cfg!(feature = "azblob")),
    ("file", cfg!(feature = "file")),
    ("ghac", cfg!(feature = "ghac")),
    ("gs", cfg!(feature = "gs")),
    ("memcached", cfg!(feature = "memcached")),
    ("redis", cfg!(feature = "redis")),
    ("s3", cfg!(feature = "s3")),
    ("webdav", cfg!(feature = "webdav")),
];

/// What the names of a service's variables begin with.
#[cfg(any(test, not(feature = "remote")))]
pub(super) fn variables(service: &str) -> String {
    format!("CACHEWARDEN_{}_", service.to_uppercase())
}

/// Which of them this program has, for a person.
pub(super) fn described() -> String {
    let built = SERVICES.iter().filter(|(_, is_built)| *is_built);
    let names: Vec<_> = built.map(|(name, _)| *name).collect();
    match names[..] {
        [] => "this program was built without any service for them".to_owned(),
        _ => format!("this program has the services {}", names.join(", ")),
    }
}

#[cfg(all(test, feature = "remote"))]
mod tests {
    use std::collections::BTreeSet;

    use cachewarden_remote::{Address, Credentials};

    use super::SERVICES;

    /// A program without tiers knows services by this table alone.
    #[test]
    fn every_service_is_in_the_table_by_its_scheme_and_its_variables() {
        let told = Address::parse("nothing:").unwrap_err().to_string();
        let (_, schemes) = told.split_once("there are ").expect("a list of schemes");
        let schemes = schemes.split(", ");
        let known: BTreeSet<_> = schemes
            .filter_map(|scheme| scheme.split('+').next())
            .collect();
        assert_eq!(known, SERVICES.iter().map(|(name, _)| *name).collect());
        for variable in Credentials::variables() {
            let has = |name: &str| variable.starts_with(&super::variables(name));
            assert!(SERVICES.iter().any(|(name, _)| has(name)), "{variable}");
        }
    }
}
