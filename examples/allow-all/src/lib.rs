//! What no policy means, as a policy: to begin one from, and to measure what asking costs.
#![no_std]

use cachewarden_policy::prelude::*;

#[derive(Default)]
struct AllowAll;

impl Policy for AllowAll {
    type Settings = NoSettings;
}

cachewarden_policy::export!(AllowAll);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_plain_cache() {
        let session = Session::new().with_verified_label("cachewarden.scope", "nightly");
        let mut policy = Instance::<AllowAll>::new();
        let grant = policy.open(&session).unwrap();
        assert_eq!(grant, Grant::writing("nightly").reading("nightly"));
        assert_eq!(
            policy.get(&Candidate::of(Kind::PACKAGE_ARCHIVE)),
            Lookup::Hit
        );
        assert_eq!(policy.put(&Offer::of(Kind::PACKAGE_ARCHIVE)), Reach::Shared);
    }

    #[test]
    fn it_has_no_settings() {
        let session = Session::new().with_settings(r#"{ "strict": true }"#);
        let refusal = Instance::<AllowAll>::new().open(&session).unwrap_err();
        assert!(matches!(refusal, Refusal::Settings(_)));
    }
}
