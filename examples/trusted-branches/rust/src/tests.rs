//! What each kind of build is granted.

use super::*;

fn grant(session: &Session) -> Grant {
    Instance::<TrustedBranches>::new().open(session).unwrap()
}

#[test]
fn a_trusted_ref_writes_and_reads_main() {
    for git_ref in ["refs/heads/main", "refs/heads/master"] {
        let session = Session::new().with_label("GITHUB_REF", git_ref);
        assert_eq!(grant(&session), Grant::writing("main").reading("main"));
    }
}

#[test]
fn every_other_ref_has_a_scope_of_its_own_and_reads_main_after_it() {
    for git_ref in [
        "refs/pull/17/merge",
        "refs/heads/main-2",
        "refs/tags/main",
        "main",
    ] {
        let session = Session::new().with_label("GITHUB_REF", git_ref);
        let own = format!("ref-{}", session.labels[0].scope);
        let expected = Grant::writing(&own).reading(&own).reading("main");
        assert_eq!(grant(&session), expected);
    }
}

#[test]
fn without_the_label_a_build_only_reads() {
    let session = Session::new().with_label("GITHUB_HEAD_REF", "refs/heads/main");
    assert_eq!(grant(&session), Grant::read_only().reading("main"));
}

#[test]
fn settings_choose_the_label_and_the_trusted_refs() {
    let session = Session::new()
        .with_label("BRANCH", "release/1.2/fixes")
        .with_settings(r#"{ "label": "BRANCH", "trusted": ["trunk", "release/*"] }"#);
    assert_eq!(grant(&session), Grant::writing("main").reading("main"));
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (settings, reason) in [
        (r#"{ "trust": [] }"#, "unknown field `trust`"),
        (r#"{ "trusted": "main" }"#, "`trusted`: invalid type"),
        (r#"{ "label": ["REF"] }"#, "`label`: invalid type"),
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
