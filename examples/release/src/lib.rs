//! For what is shipped: from `main` only package archives count that are proved to belong to their action, and that a step
//! printed nothing. Every hit is hashed again, and a sample is rebuilt to see whether the same bytes come out. Under a
//! daemon, an entry may have to be put by several producers before it counts. What `go run` and `go tool` run is linked
//! again by each release.
#![no_std]

use cachewarden_policy::prelude::*;
use serde::{Deserialize, Deserializer, de};

/// What is taken from `main` without a setting: what can be checked.
const CHECKED: [Kind; 2] = [Kind::EMPTY, Kind::PACKAGE_ARCHIVE];

/// The kinds that no build makes again byte for byte, so that producers cannot agree on them.
const NEVER_ALIKE: [Kind; 3] = [Kind::OTHER, Kind::MODULE_INDEX, Kind::TEST_RECORD];

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The label that names the repository; none: the store is for one repository.
    repository: Option<String>,
    /// The kinds that count from `main`.
    kinds: Vec<Kind>,
    /// One object in so many is audited; 0: none.
    audit_one_in: u32,
    /// The kinds that are audited.
    audit_kinds: Vec<Kind>,
    /// The fact that an entry needs; in the settings, how many producers must have put it.
    #[serde(deserialize_with = "witnesses")]
    witnesses: Facts,
}

fn witnesses<'de, D: Deserializer<'de>>(count: D) -> Result<Facts, D::Error> {
    match u32::deserialize(count)? {
        1 => Ok(Facts::NONE),
        2 => Ok(Facts::WITNESSES_2),
        3 => Ok(Facts::WITNESSES_3),
        4 => Ok(Facts::WITNESSES_4),
        count => Err(de::Error::custom(format!("{count} is not 1, 2, 3 or 4"))),
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            repository: Some("GITHUB_REPOSITORY".to_owned()),
            kinds: CHECKED.to_vec(),
            audit_one_in: 100,
            audit_kinds: vec![Kind::PACKAGE_ARCHIVE],
            witnesses: Facts::NONE,
        }
    }
}

#[derive(Default)]
struct Release {
    kinds: Vec<Kind>,
    audits: Sample,
    audit_kinds: Vec<Kind>,
    witnesses: Facts,
}

/// The index of the scope `release` in the grant.
const OWN: u32 = 0;

impl Policy for Release {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        for kind in settings.kinds.iter().filter(|kind| !CHECKED.contains(kind)) {
            warn!("{kind} counts from main: who may write main acts in this release by it");
        }
        let suffix = match &settings.repository {
            None => String::new(),
            Some(name) => match session.label(name) {
                Some(repository) => format!("-{}", repository.scope),
                None => {
                    warn!(
                        "no label {name}: set the variable and pass --label-env {name}, or set repository to null where the store is for one repository"
                    );
                    return Ok(Grant::read_only());
                }
            },
        };
        self.kinds = settings.kinds;
        self.audits = Sample::one_in(settings.audit_one_in, session.seed);
        self.audit_kinds = settings.audit_kinds;
        self.witnesses = settings.witnesses;
        let own = format!("release{suffix}");
        Ok(Grant::writing(&own)
            .reading(own)
            .reading(format!("main{suffix}")))
    }

    fn get(&mut self, candidate: &Candidate) -> Lookup {
        if candidate.kind == Kind::EXECUTABLE {
            return Lookup::Skip;
        }
        let counts = candidate.scope == OWN || self.counts_from_main(candidate);
        let is_proved = !is_unproved_archive(candidate.kind, candidate.facts);
        if !counts || !is_proved || !self.is_witnessed(candidate) {
            // The next scope may hold a better one.
            return Lookup::Skip;
        }
        if self.audit_kinds.contains(&candidate.kind) && self.audits.takes(&candidate.action) {
            return Lookup::Audit;
        }
        Lookup::HitVerified
    }

    fn put(&mut self, offer: &Offer) -> Reach {
        if offer.facts.diverged() {
            warn!("{}: the rebuild differs and is not kept", offer.action);
            return Reach::Ephemeral;
        }
        if offer.kind == Kind::EXECUTABLE || is_unproved_archive(offer.kind, offer.facts) {
            return Reach::Ephemeral;
        }
        offer.kind.default_reach()
    }
}

impl Release {
    fn counts_from_main(&self, candidate: &Candidate) -> bool {
        // No bytes under a key that nothing explains may be what vet knows of a package: it would not run here then, and
        // what it printed in main does not count.
        let is_explained = candidate.kind != Kind::EMPTY || candidate.role != Role::UNKNOWN;
        is_explained && self.kinds.contains(&candidate.kind)
    }

    fn is_witnessed(&self, candidate: &Candidate) -> bool {
        if self.witnesses == Facts::NONE || NEVER_ALIKE.contains(&candidate.kind) {
            return true;
        }
        candidate.facts.has(self.witnesses) && !candidate.facts.disputed()
    }
}

fn is_unproved_archive(kind: Kind, facts: Facts) -> bool {
    kind == Kind::PACKAGE_ARCHIVE && !facts.build_id_matches()
}

cachewarden_policy::export!(Release);

#[cfg(test)]
mod tests;
