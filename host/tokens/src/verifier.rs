//! From a token to a verified one: whose it is, which key signed it, whom and when it is for, who
//! presented it.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use cachewarden_types::Digest;
use serde_json::Value;

use crate::claims::{check_times, subject};
use crate::config::IssuerConfig;
use crate::error::{ConfigError, TokenError, quoted, quoted_list};
use crate::issuer::Issuer;
use crate::parts::Parts;
use crate::presented::Presented;

/// The longest token: those of CI services have some 2 KiB.
const MAX_TOKEN: usize = 16 * 1024;

/// The time on both clocks: tokens have times of the calendar, and keys get older by a clock that
/// nobody sets.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The time of the calendar.
    pub calendar: SystemTime,
    /// The time that only goes forward.
    pub steady: Instant,
}

impl Now {
    /// Reads both clocks.
    pub fn read() -> Self {
        Self {
            calendar: SystemTime::now(),
            steady: Instant::now(),
        }
    }
}

/// What a token says, all of it checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The name of its issuer in the configuration.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
    /// The labels that the configuration takes from claims, sorted by name. A claim that the token
    /// does not have is not among them.
    pub labels: Vec<(String, String)>,
    /// When it ends: it expires, or is older than `max-age`.
    pub expires: SystemTime,
}

/// All issuers, their keys, and the tokens that were presented.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    presented: Mutex<Presented>,
}

impl Verifier {
    /// Checks the configuration, and reads the key sets that are files. Nothing is fetched yet.
    ///
    /// # Errors
    /// When a table cannot be used.
    pub fn new(configs: Vec<IssuerConfig>) -> Result<Self, ConfigError> {
        let mut issuers: Vec<Issuer> = Vec::new();
        for config in configs {
            let name = config.name.as_str();
            if issuers.iter().any(|other| other.name == name) {
                return Err(config.error("name", "another issuer has this name; choose one"));
            }
            let same = |other: &&Issuer| other.issuer == config.issuer;
            if let Some(other) = issuers.iter().find(same) {
                let reason = format!(
                    "`{}` is the issuer `{}` already; write one table, with the audiences and \
                     labels of both",
                    config.issuer, other.name
                );
                return Err(config.error("issuer", reason));
            }
            let shared = |other: &Issuer| {
                let mut labels = config.labels.keys();
                let label = labels.find(|label| other.sets(label))?;
                Some((label.clone(), other.name.clone()))
            };
            if let Some((label, other)) = issuers.iter().find_map(shared) {
                let reason = format!(
                    "`{label}` is a label of issuer `{other}`, too: a rule that asks for it would \
                     accept either; choose another name"
                );
                return Err(config.error("labels", reason));
            }
            issuers.push(Issuer::new(&config)?);
        }
        Ok(Self {
            issuers,
            presented: Mutex::default(),
        })
    }

    /// Fetches the keys of all issuers, so that the first session need not wait for them. Returns
    /// the names of those whose keys could not be read, with the reasons.
    pub fn load_keys(&self, now: Now) -> Vec<(String, String)> {
        let failed = self.issuers.iter().filter_map(|issuer| {
            let failure = issuer.keys.load(now.steady).err()?;
            Some((issuer.name.clone(), failure))
        });
        failed.collect()
    }

    /// Checks a token that a process of the user `presenter_uid` has presented.
    ///
    /// This may wait for the issuer's keys, three seconds at most.
    ///
    /// # Errors
    /// When anything is wrong with the token, or the issuer's keys are not there.
    pub fn verify(
        &self,
        token: &str,
        presenter_uid: u32,
        now: Now,
    ) -> Result<VerifiedToken, TokenError> {
        let token = token.trim_ascii();
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong {
                length: token.len(),
                most: MAX_TOKEN,
            });
        }
        let parts = Parts::of(token)?;
        let issuer = self.issuer(&parts.claims)?;
        issuer.check_signature(token, &parts, now)?;
        let end = check_times(&parts.claims, &issuer.period, now.calendar)?;
        let verified = VerifiedToken {
            issuer: issuer.name.clone(),
            subject: subject(&parts.claims)?,
            labels: issuer.read_labels(&parts.claims)?,
            expires: end.expires,
        };
        // Last, so that only valid tokens are remembered.
        let digest = Digest::of(parts.signed.as_bytes());
        let mut presented = self
            .presented
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        presented.note(digest, presenter_uid, end.refused, now.calendar)?;
        Ok(verified)
    }

    /// The issuer that the token says it is from.
    fn issuer(&self, claims: &Value) -> Result<&Issuer, TokenError> {
        let found = claims["iss"].as_str();
        let all = self.issuers.iter();
        all.clone()
            .find(|issuer| found == Some(&issuer.issuer))
            .ok_or_else(|| TokenError::Issuer {
                found: found.map_or("missing".into(), quoted),
                accepted: quoted_list(all.map(|issuer| issuer.issuer.as_str())),
            })
    }
}
