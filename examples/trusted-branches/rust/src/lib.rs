//! Builds of trusted refs fill `main` of their repository. Every other build reads it too, but
//! writes a scope of its own, so that no trusted build uses what a pull request has made.
#![no_std]

use cachewarden_policy::prelude::*;
use serde::Deserialize;

/// The longest name that a scope can have.
const LONGEST_SCOPE: usize = 96;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The label that names the ref being built.
    r#ref: String,
    /// The label that names the repository; none: the store is for one repository.
    repository: Option<String>,
    /// The label that names the event; none: events are ignored.
    event: Option<String>,
    /// The refs whose builds may write `main`.
    trusted: Patterns,
    /// The events whose builds may write `main`.
    events: Patterns,
    /// Whether labels that the host did not verify are ignored.
    verified: bool,
    /// The kinds that are accepted from `main` in a build that does not write it.
    kinds: Vec<Kind>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            r#ref: "GITHUB_REF".to_owned(),
            repository: Some("GITHUB_REPOSITORY".to_owned()),
            event: Some("GITHUB_EVENT_NAME".to_owned()),
            trusted: Patterns::new(["refs/heads/main", "refs/heads/master"]),
            events: Patterns::new(["push", "schedule", "workflow_dispatch"]),
            verified: false,
            kinds: vec![
                Kind::EMPTY,
                Kind::PACKAGE_ARCHIVE,
                Kind::FILE_LIST,
                Kind::TEST_RECORD,
                Kind::ANALYSIS_FACTS,
                Kind::GENERATED_SOURCE,
                Kind::COVERAGE_META,
                Kind::PROBE,
                Kind::TOOL_OUTPUT,
                Kind::ANALYSIS_RESULT,
                Kind::PGO_PROFILE,
            ],
        }
    }
}

impl Settings {
    fn label<'session>(&self, session: &'session Session, name: &str) -> Option<&'session Label> {
        if self.verified {
            session.verified_label(name)
        } else {
            session.label(name)
        }
    }

    fn trusts(&self, session: &Session, git_ref: &Label) -> bool {
        let event_is_trusted =
            self.event
                .as_ref()
                .is_none_or(|name| match self.label(session, name) {
                    Some(event) => self.events.matches(&event.value),
                    None => {
                        warn!(
                            "no label {name}: set the variable and pass --label-env {name}, or set event to null where events do not matter; until then no build writes main"
                        );
                        false
                    }
                });
        event_is_trusted && self.trusted.matches(&git_ref.value)
    }
}

#[derive(Default)]
struct TrustedBranches {
    /// The index of the scope that the session writes among those that it reads.
    own: Option<u32>,
    kinds: Vec<Kind>,
}

impl Policy for TrustedBranches {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        let repository = match &settings.repository {
            None => None,
            Some(name) => match settings.label(session, name) {
                Some(repository) => Some(repository),
                None => {
                    warn!(
                        "no label {name}: set the variable and pass --label-env {name}, or set repository to null where the store is for one repository"
                    );
                    return Ok(Grant::read_only());
                }
            },
        };
        let main = repository.map_or("main".to_owned(), |label| format!("main-{}", label.scope));
        let grant = match settings.label(session, &settings.r#ref) {
            None => {
                let name = &settings.r#ref;
                warn!(
                    "no label {name}: set the variable and pass --label-env {name}; until then this build writes nothing"
                );
                Grant::read_only().reading(main)
            }
            Some(git_ref) if settings.trusts(session, git_ref) => {
                self.own = Some(0);
                Grant::writing(&main).reading(main)
            }
            Some(git_ref) => {
                self.own = Some(0);
                let own = own_scope(repository, git_ref);
                Grant::writing(&own).reading(own).reading(main)
            }
        };
        self.kinds = settings.kinds;
        Ok(grant)
    }

    fn get(&mut self, candidate: &Candidate) -> Lookup {
        if self.own == Some(candidate.scope) {
            return Lookup::Hit;
        }
        let proved = candidate.kind != Kind::PACKAGE_ARCHIVE || candidate.facts.build_id_matches();
        if proved && self.kinds.contains(&candidate.kind) {
            Lookup::Hit
        } else {
            Lookup::Skip
        }
    }
}

/// The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two
/// pairs never meet.
fn own_scope(repository: Option<&Label>, git_ref: &Label) -> String {
    let Some(repository) = repository else {
        return format!("ref-{}", git_ref.scope);
    };
    let scope = format!("ref-{}_-{}", repository.scope, git_ref.scope);
    if scope.len() <= LONGEST_SCOPE {
        scope
    } else {
        format!("long-{}-{}", repository.hash, git_ref.hash)
    }
}

cachewarden_policy::export!(TrustedBranches);

#[cfg(test)]
mod tests;
