//! Reads what it may and writes nothing, for builds that are to profit from a cache and never to
//! fill it.
#![no_std]

use cachewarden_policy::prelude::*;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The scopes to read, in order; none named: the session's default scope.
    scopes: Vec<String>,
}

#[derive(Default)]
struct ReadOnly;

impl Policy for ReadOnly {
    type Settings = Settings;

    fn open(&mut self, session: &Session, settings: Settings) -> Result<Grant, Refusal> {
        let mut grant = Grant::read_only();
        if settings.scopes.is_empty() {
            // Behind another policy that stands for whatever that one reads, so what the operator
            // allows of it is nothing to this one.
            return Ok(grant.reading(session.default_scope()));
        }
        for scope in settings.scopes {
            if session.readable.matches(&scope) {
                grant = grant.reading(scope);
            } else {
                info!("this session may not read the scope {scope}");
            }
        }
        Ok(grant)
    }
}

cachewarden_policy::export!(ReadOnly);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(session: &Session) -> Grant {
        Instance::<ReadOnly>::new().open(session).unwrap()
    }

    #[test]
    fn the_default_scope_is_read_where_none_is_named() {
        let session = Session::new().with_verified_label("cachewarden.scope", "nightly");
        assert_eq!(grant(&session), Grant::read_only().reading("nightly"));
        assert_eq!(
            grant(&Session::new()),
            Grant::read_only().reading("default")
        );
    }

    #[test]
    fn the_named_scopes_are_read_in_their_order() {
        let session = Session::new().with_settings(r#"{ "scopes": ["release", "main"] }"#);
        assert_eq!(
            grant(&session),
            Grant::read_only().reading("release").reading("main")
        );
    }

    #[test]
    fn a_scope_that_the_operator_does_not_allow_is_left_out() {
        let session = Session::new()
            .with_settings(r#"{ "scopes": ["release", "main"] }"#)
            .with_readable(Patterns::new(["main", "pr-*"]));
        assert_eq!(grant(&session), Grant::read_only().reading("main"));
    }

    #[test]
    fn wrong_settings_are_refused_by_name() {
        let session = Session::new().with_settings(r#"{ "scopes": ["main", 7] }"#);
        let refusal = Instance::<ReadOnly>::new().open(&session).unwrap_err();
        assert!(
            refusal.to_string().contains("`scopes[1]`: invalid type"),
            "{refusal}"
        );
    }
}
