//! Objects that are larger than a setting stay on this machine, and so do those that no other machine can use.
#![no_std]

use cachewarden_policy::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Objects of more bytes than this stay here.
    largest: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            largest: 10_000_000,
        }
    }
}

#[derive(Default)]
struct Frugal {
    largest: u64,
}

impl Policy for Frugal {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        self.largest = settings.largest;
        Ok(Grant::default_for(session))
    }

    fn put(&mut self, offer: &Offer) -> Reach {
        if offer.size > self.largest {
            Reach::Local
        } else {
            offer.kind.default_reach()
        }
    }
}

cachewarden_policy::export!(Frugal);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_stays_here() {
        let mut frugal = Instance::<Frugal>::new();
        let session = Session::new().with_settings(r#"{ "largest": 1000 }"#);
        frugal.open(&session).unwrap();
        let large = Offer {
            size: 1001,
            ..Offer::default()
        };
        assert_eq!(frugal.put(&large), Reach::Local);
    }
}
