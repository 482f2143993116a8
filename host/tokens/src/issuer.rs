//! One issuer: how its configuration becomes what a token is checked against, and the check of key,
//! signature and audience.

use std::sync::Arc;
use std::time::Instant;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::claims::{Period, shown_audiences};
use crate::config::{IssuerConfig, algorithm_name};
use crate::error::{ConfigError, TokenError, quoted, quoted_list};
use crate::fetch::{KeyFile, Source, Url};
use crate::keys::Keys;
use crate::labels::LabelClaim;
use crate::parts::Parts;
use crate::verifier::Now;

/// A configured issuer and its keys.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) name: String,
    /// The exact claim `iss`.
    pub(crate) issuer: String,
    audiences: Vec<String>,
    pinned: Vec<Algorithm>,
    pub(crate) period: Period,
    labels: Vec<LabelClaim>,
    pub(crate) keys: Arc<Keys>,
}

impl Issuer {
    pub(crate) fn new(config: &IssuerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let pinned = config.pinned()?;
        let labels = config.label_claims()?;
        let (field, source) = match (&config.jwks_file, &config.jwks_url) {
            (Some(path), None) => ("jwks-file", KeyFile::parse(path).map(Source::File)),
            (None, Some(url)) => ("jwks-url", Url::parse(url).map(Source::Url)),
            (None, None) => {
                let reason = "write `jwks-url` or `jwks-file`: where the issuer's keys are";
                return Err(config.error("jwks-url", reason));
            }
            (Some(_), Some(_)) => {
                let reason = "there is a `jwks-file`, too; write one of them";
                return Err(config.error("jwks-url", reason));
            }
        };
        let source = source.map_err(|reason| config.error(field, reason))?;
        let (name, stale) = (&config.name, config.jwks_max_stale);
        let keys = Keys::new(name, source, pinned.clone(), stale);
        if let Some(path) = &config.jwks_file {
            let reason = |error| format!("no keys can be read from {}: {error}", path.display());
            keys.load(Instant::now())
                .map_err(|error| config.error(field, reason(error)))?;
        }
        Ok(Self {
            name: name.clone(),
            issuer: config.issuer.clone(),
            audiences: config.audiences.clone(),
            pinned,
            period: Period {
                leeway: config.leeway,
                max_age: config.max_age,
            },
            labels,
            keys: Arc::new(keys),
        })
    }

    /// Whether its tokens set this label.
    pub(crate) fn sets(&self, label: &str) -> bool {
        self.labels.iter().any(|own| own.name() == label)
    }

    /// Checks algorithm, key, signature, issuer and audience.
    pub(crate) fn check_signature(
        &self,
        token: &str,
        parts: &Parts,
        now: Now,
    ) -> Result<(), TokenError> {
        if parts.header.get("crit").is_some() {
            return Err(TokenError::Critical);
        }
        let named = parts.header["alg"].as_str();
        let mut pinned = self.pinned.iter().copied();
        let algorithm = pinned
            .find(|algorithm| named == Some(algorithm_name(*algorithm)))
            .ok_or_else(|| TokenError::Algorithm {
                found: named.map_or("missing".into(), quoted),
                accepted: quoted_list(self.pinned.iter().copied().map(algorithm_name)),
            })?;
        let kid = parts.header["kid"].as_str().ok_or(TokenError::NoKeyId)?;
        let keys = self.keys.find(kid, algorithm, now.steady);
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&self.audiences);
        validation.set_required_spec_claims(&["iss", "aud"]);
        // Times are checked with those of one clock reading, and with texts of our own.
        validation.validate_exp = false;
        let mut result = Err(TokenError::Signature);
        for key in keys.map_err(TokenError::Key)? {
            result = self.decode(token, &key, &validation, &parts.claims);
            if result != Err(TokenError::Signature) {
                break;
            }
        }
        result
    }

    fn decode(
        &self,
        token: &str,
        key: &DecodingKey,
        validation: &Validation,
        claims: &Value,
    ) -> Result<(), TokenError> {
        let Err(error) = jsonwebtoken::decode::<IgnoredAny>(token, key, validation) else {
            return Ok(());
        };
        Err(match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Signature,
            // The issuer's claim is what this issuer was chosen by; the audience is left.
            ErrorKind::InvalidAudience
            | ErrorKind::MissingRequiredClaim(_)
            | ErrorKind::InvalidClaimFormat(_) => TokenError::Audience {
                found: shown_audiences(claims),
                accepted: quoted_list(self.audiences.iter().map(String::as_str)),
            },
            _ => TokenError::Malformed("its header is not that of a signed token"),
        })
    }

    pub(crate) fn read_labels(&self, claims: &Value) -> Result<Vec<(String, String)>, TokenError> {
        let labels = self.labels.iter().map(|label| label.read(claims));
        labels.filter_map(Result::transpose).collect()
    }
}
