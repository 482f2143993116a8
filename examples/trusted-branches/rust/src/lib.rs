//! Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
//! nothing a pull request makes reaches a trusted build.
#![no_std]

use cachewarden_policy::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The label that names the ref being built.
    label: String,
    /// The refs whose builds may write `main`.
    trusted: Patterns,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            label: "GITHUB_REF".to_owned(),
            trusted: Patterns::new(["refs/heads/main", "refs/heads/master"]),
        }
    }
}

#[derive(Default)]
struct TrustedBranches;

impl Policy for TrustedBranches {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        let Some(git_ref) = session.label(&settings.label) else {
            return Ok(Grant::read_only().reading("main"));
        };
        if settings.trusted.matches(&git_ref.value) {
            return Ok(Grant::writing("main").reading("main"));
        }
        let own = format!("ref-{}", git_ref.scope);
        Ok(Grant::writing(&own).reading(&own).reading("main"))
    }
}

cachewarden_policy::export!(TrustedBranches);

#[cfg(test)]
mod tests;
