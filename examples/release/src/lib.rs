//! For what is shipped: package archives count only where they are proved to belong to their action, every hit is
//! hashed again, and a sample is rebuilt to see whether the same bytes come out.
#![no_std]

use cachewarden_policy::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// One package archive in so many is audited; 0: none.
    audit_one_in: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { audit_one_in: 100 }
    }
}

#[derive(Default)]
struct Release {
    audits: Sample,
}

impl Policy for Release {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        self.audits = Sample::one_in(settings.audit_one_in, session.seed);
        Ok(Grant::writing("release").reading("release").reading("main"))
    }

    fn get(&mut self, candidate: &Candidate) -> Lookup {
        if candidate.kind == Kind::PackageArchive {
            // The next scope may hold a better one.
            if !candidate.facts.bound {
                return Lookup::Skip;
            }
            if self.audits.takes(&candidate.action) {
                return Lookup::Audit;
            }
        }
        Lookup::HitVerified
    }

    fn put(&mut self, offer: &Offer) -> Reach {
        if offer.facts.diverged {
            warn!("{}: the rebuild differs and is not kept", offer.action);
            return Reach::Session;
        }
        if offer.kind == Kind::PackageArchive && !offer.facts.bound {
            return Reach::Session;
        }
        Reach::Shared
    }
}

cachewarden_policy::export!(Release);

#[cfg(test)]
mod tests;
