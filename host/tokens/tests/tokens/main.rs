//! Tokens that a test signs, and issuers that it runs: what is accepted, and what is refused with
//! which text.

mod attacks;
mod configuration;
mod fetching;
mod jobs;
mod key_files;
mod real_issuer;
mod recipes;
mod server;
mod signing;

use std::time::Duration;

use cachewarden_tokens::{IssuerConfig, Now, Verifier};
use serde::Deserialize;

/// The user who presents tokens, unless a test has another one.
const UID: u32 = 1000;

/// Reads `[[issuer]]` tables.
fn tables(text: &str) -> Result<Vec<IssuerConfig>, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        issuer: Vec<IssuerConfig>,
    }
    toml::from_str::<File>(text).map(|file| file.issuer)
}

/// A verifier for these tables.
fn verifier(text: &str) -> Verifier {
    Verifier::new(tables(text).unwrap()).unwrap()
}

/// The same time of the calendar, later on the clock by which keys get older.
fn later(now: Now, seconds: u64) -> Now {
    Now {
        steady: now.steady + Duration::from_secs(seconds),
        ..now
    }
}
