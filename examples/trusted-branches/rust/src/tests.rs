//! What each kind of build is granted, and what counts in it. The cases of guest-sdk/conformance say more, for every
//! language alike.

use super::*;

fn session(git_ref: &str) -> Session {
    Session::new()
        .with_label("GITHUB_REPOSITORY", "acme/widget")
        .with_label("GITHUB_EVENT_NAME", "push")
        .with_label("GITHUB_REF", git_ref)
}

fn grant(session: &Session) -> Grant {
    Instance::<TrustedBranches>::new().open(session).unwrap()
}

#[test]
fn a_trusted_ref_writes_and_reads_main_of_its_repository() {
    for git_ref in ["refs/heads/main", "refs/heads/master"] {
        let expected = Grant::writing("main-acme_2fwidget").reading("main-acme_2fwidget");
        assert_eq!(grant(&session(git_ref)), expected);
    }
}

#[test]
fn every_other_ref_has_a_scope_of_its_own_and_reads_main_after_it() {
    let own = "ref-acme_2fwidget_-refs_2fpull_2f17_2fmerge";
    let expected = Grant::writing(own)
        .reading(own)
        .reading("main-acme_2fwidget");
    assert_eq!(grant(&session("refs/pull/17/merge")), expected);
}

#[test]
fn names_that_are_too_long_together_are_hashed_and_stay_different() {
    let own = |git_ref: &str| grant(&session(git_ref)).write.unwrap();
    let (one, other) = (own(&"x".repeat(200)), own(&"x".repeat(201)));
    assert!(one.starts_with("long-") && one.len() <= LONGEST_SCOPE);
    assert_ne!(one, other);
}

#[test]
fn an_event_that_is_not_trusted_does_not_write_main() {
    let session = Session::new()
        .with_label("GITHUB_REPOSITORY", "acme/widget")
        .with_label("GITHUB_EVENT_NAME", "pull_request_target")
        .with_label("GITHUB_REF", "refs/heads/main");
    let own = "ref-acme_2fwidget_-refs_2fheads_2fmain";
    assert_eq!(grant(&session).write.as_deref(), Some(own));
}

#[test]
fn from_main_only_the_chosen_kinds_count() {
    let mut policy = Instance::<TrustedBranches>::new();
    policy.open(&session("refs/pull/17/merge")).unwrap();
    let mut ask = |kind, facts, scope| {
        let candidate = Candidate::of(kind).with_facts(facts);
        policy.get(&Candidate { scope, ..candidate })
    };
    assert_eq!(ask(Kind::OTHER, Facts::NONE, 0), Lookup::Hit);
    assert_eq!(ask(Kind::OTHER, Facts::NONE, 1), Lookup::Skip);
    assert_eq!(ask(Kind::TOOL_OUTPUT, Facts::NONE, 1), Lookup::Hit);
    assert_eq!(ask(Kind::PACKAGE_ARCHIVE, Facts::NONE, 1), Lookup::Skip);
    assert_eq!(
        ask(Kind::PACKAGE_ARCHIVE, Facts::BUILD_ID_MATCHES, 1),
        Lookup::Hit
    );
}

#[test]
fn a_claimed_label_is_none_where_only_verified_ones_count() {
    let claimed = session("refs/heads/main").with_settings(r#"{ "verified": true }"#);
    assert_eq!(grant(&claimed), Grant::read_only());
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (settings, reason) in [
        (r#"{ "trust": [] }"#, "unknown field `trust`"),
        (r#"{ "trusted": "main" }"#, "`trusted`: invalid type"),
        (r#"{ "ref": ["REF"] }"#, "`ref`: invalid type"),
        (r#"{ "kinds": ["archive"] }"#, "`archive` is no kind"),
    ] {
        let session = Session::new().with_settings(settings);
        let refusal = Instance::<TrustedBranches>::new()
            .open(&session)
            .unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Settings(text) if text.contains(reason)),
            "{refusal}"
        );
    }
}
