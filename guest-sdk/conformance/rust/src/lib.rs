//! Logs its inputs, and computes its verdicts from numbers: see the README of the folder above.
#![no_std]

use core::time::Duration;

use cachewarden_policy::prelude::*;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    write: Option<String>,
    read: Vec<String>,
    lifetime: u32,
    admit: Vec<Kind>,
    refuse: Option<Refuse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Refuse {
    Settings,
    Session,
}

#[derive(Default)]
struct Mirror;

impl Policy for Mirror {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        assert!(session.started != 666, "as told");
        debug!(
            "session started={} seed={} readable={} writable={}",
            session.started,
            session.seed,
            join(&session.readable),
            join(&session.writable)
        );
        for label in &session.labels {
            info!(
                "label {}={} scope={} hash={} verified={}",
                label.name, label.value, label.scope, label.hash, label.verified
            );
        }
        if let Some(refuse) = settings.refuse {
            warn!("refusing");
            return Err(match refuse {
                Refuse::Settings => Refusal::settings("as told"),
                Refuse::Session => Refusal::session("as told"),
            });
        }
        let lifetime = Duration::from_secs(settings.lifetime.into());
        Ok(Grant {
            write: settings.write,
            read: settings.read,
            lifetime: (settings.lifetime > 0).then_some(lifetime),
            admit: settings.admit,
        })
    }

    fn get(&mut self, candidate: &Candidate) -> Lookup {
        debug!(
            "get action={} output={} size={} age={} scope={} kind={} role={} facts={}",
            candidate.action,
            candidate.output,
            candidate.size,
            candidate.age.as_secs(),
            candidate.scope,
            candidate.kind,
            candidate.role,
            candidate.facts
        );
        assert!(candidate.age.as_secs() != 666, "as told");
        match candidate.age.as_secs() % 5 {
            0 => Lookup::Hit,
            1 => Lookup::HitVerified,
            2 => Lookup::Skip,
            3 => Lookup::Miss,
            _ => Lookup::Audit,
        }
    }

    fn put(&mut self, offer: &Offer) -> Reach {
        debug!(
            "put action={} output={} size={} kind={} role={} facts={}",
            offer.action, offer.output, offer.size, offer.kind, offer.role, offer.facts
        );
        assert!(offer.size != 666, "as told");
        match offer.size % 3 {
            0 => Reach::Ephemeral,
            1 => Reach::Local,
            _ => Reach::Shared,
        }
    }

    fn close(&mut self, totals: &Totals) {
        info!(
            "close gets={} hits={} refused-gets={} puts={} refused-puts={} bytes-put={} diverged={}",
            totals.gets,
            totals.hits,
            totals.refused_gets,
            totals.puts,
            totals.refused_puts,
            totals.bytes_put,
            totals.diverged
        );
    }
}

fn join(patterns: &Patterns) -> String {
    patterns.iter().collect::<Vec<_>>().join(",")
}

cachewarden_policy::export!(Mirror);
