//! A signed token of a CI service becomes verified labels.
//!
//! A job has a token from its CI service (OpenID Connect), and hands it to the daemon. This crate
//! checks it against what the operator has configured for its issuer, and returns labels. Whatever
//! is wrong with a token is an error: a bad token never counts as none.
//!
//! What decides comes from the configuration alone: issuers, audiences, algorithms, where keys are.
//! Nothing in a token names a place to read keys from (`jku`, `x5u` and `jwk` are ignored).

mod claims;
mod config;
mod error;
mod fetch;
mod issuer;
mod json;
mod jwks;
mod keys;
mod labels;
mod parts;
mod presented;
mod verifier;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing;

pub use config::IssuerConfig;
pub use error::{ConfigError, KeyError, TokenError};
pub use verifier::{Now, VerifiedToken, Verifier};
