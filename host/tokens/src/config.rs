//! What an operator writes about an issuer of tokens: an `[[issuer]]` table of the configuration
//! file. Nothing here has a default that accepts more than the operator has named.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::Deserialize;

use cachewarden_types::duration::or_zero;

use crate::error::ConfigError;
use crate::labels::LabelClaim;

/// The clock skew that is accepted where the table names none.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

/// The largest clock skew: machines that keep time with NTP differ by seconds, and a larger leeway
/// makes a stolen token useful for longer.
const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// The age at which a token is refused where the table names none. Tokens of Kubernetes are
/// replaced within an hour, those of GitHub Actions end after minutes.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// The largest age of a token: a day, which no job of a CI service should exceed.
const LARGEST_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long keys are used that could not be fetched again, where the table does not say it.
const DEFAULT_MAX_STALE: Duration = Duration::from_secs(60 * 60);

/// The bounds of that time. Keys that an issuer has withdrawn must stop counting within a day; and
/// keys are not fetched again within the first minutes.
const MAX_STALE: [Duration; 2] = [
    Duration::from_secs(5 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// The algorithms that may be pinned. All are asymmetric: the key in the key set is public, so a
/// symmetric algorithm would let everybody sign.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// An issuer whose tokens are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IssuerConfig {
    /// The name in texts and logs.
    pub name: String,
    /// The exact value of the claim `iss`.
    pub issuer: String,
    /// The audiences that name this daemon. A token must be for one of them.
    pub audiences: Vec<String>,
    /// The algorithms that a token may be signed with.
    pub algorithms: Vec<String>,
    /// A file with the issuer's keys: a JSON Web Key Set.
    pub jwks_file: Option<PathBuf>,
    /// The URL of the issuer's keys.
    pub jwks_url: Option<String>,
    /// How far the issuer's clock and this machine's may differ.
    #[serde(default = "default_leeway", deserialize_with = "or_zero")]
    pub leeway: Duration,
    /// How long after it was issued (`iat`) a token is accepted, if it does not expire earlier.
    #[serde(default = "default_max_age", deserialize_with = "or_zero")]
    pub max_age: Duration,
    /// How long keys are used after they were last fetched, while they cannot be fetched again.
    #[serde(default = "default_max_stale", deserialize_with = "or_zero")]
    pub jwks_max_stale: Duration,
    /// The labels of a session: the name of each, and the claim that has its value. A claim with a
    /// `/` at its start is a JSON pointer. No other issuer may have a label of the same name.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl IssuerConfig {
    /// Checks what concerns neither keys nor labels.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.name.is_empty() {
            return Err(self.error(
                "name",
                "it is empty; give the issuer a name for texts and logs",
            ));
        }
        if self.issuer.is_empty() {
            let reason = "it is empty; write the exact value of the claim `iss`";
            return Err(self.error("issuer", reason));
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            let reason = "name at least one audience, and none that is empty: without it, a token \
                          that a job got for another service would be accepted here";
            return Err(self.error("audiences", reason));
        }
        self.within("leeway", self.leeway, [Duration::ZERO, MAX_LEEWAY])?;
        let shortest = Duration::from_secs(1);
        self.within("max-age", self.max_age, [shortest, LARGEST_MAX_AGE])?;
        self.within("jwks-max-stale", self.jwks_max_stale, MAX_STALE)
    }

    /// The pinned algorithms.
    pub(crate) fn pinned(&self) -> Result<Vec<Algorithm>, ConfigError> {
        let allowed = || ALGORITHMS.map(|(name, _)| name).join(", ");
        if self.algorithms.is_empty() {
            let reason = format!("name those that the issuer signs with, of {}", allowed());
            return Err(self.error("algorithms", reason));
        }
        let pinned = self.algorithms.iter().map(|name| {
            let known = ALGORITHMS.iter().find(|(known, _)| known == name);
            known.map(|(_, algorithm)| *algorithm).ok_or_else(|| {
                let reason = format!(
                    "`{name}` is not accepted: a token must be signed with a private key that \
                     only the issuer has; name one or more of {}",
                    allowed()
                );
                self.error("algorithms", reason)
            })
        });
        pinned.collect()
    }

    /// The labels and where their values are.
    pub(crate) fn label_claims(&self) -> Result<Vec<LabelClaim>, ConfigError> {
        let claims = self.labels.iter().map(|(label, claim)| {
            LabelClaim::parse(label, claim)
                .map_err(|reason| self.error("labels", format!("`{label}`: {reason}")))
        });
        claims.collect()
    }

    pub(crate) fn error(&self, field: &'static str, reason: impl Into<String>) -> ConfigError {
        ConfigError {
            issuer: self.name.clone(),
            field,
            reason: reason.into(),
        }
    }

    fn within(
        &self,
        field: &'static str,
        value: Duration,
        [least, most]: [Duration; 2],
    ) -> Result<(), ConfigError> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        let [value, least, most] = [value, least, most].map(humantime::format_duration);
        let reason = format!("{value} is not possible; write a time from {least} to {most}");
        Err(self.error(field, reason))
    }
}

/// The name of an algorithm as it is written in a table and in a token.
pub(crate) fn algorithm_name(algorithm: Algorithm) -> &'static str {
    let known = ALGORITHMS.iter().find(|(_, known)| *known == algorithm);
    known.map_or("a symmetric algorithm", |(name, _)| name)
}

fn default_leeway() -> Duration {
    DEFAULT_LEEWAY
}

fn default_max_age() -> Duration {
    DEFAULT_MAX_AGE
}

fn default_max_stale() -> Duration {
    DEFAULT_MAX_STALE
}
