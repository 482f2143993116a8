//! Programs that go links in a session with a policy: no grant has to admit them, and the policy is
//! asked about each.

use std::fs;

use super::taken::Linking;
use crate::support::*;

/// Settings of a store that is for one repository.
const ONE_REPOSITORY: &str = r#"{"repository": null, "event": null}"#;

/// A go command whose helper asks these policies of tests/policies/, one after the other.
fn asking_each<'a>(sandbox: &'a Sandbox, policies: &'a [String]) -> Linking<'a> {
    let options = policies.iter().map(|policy| ["--policy", policy.as_str()]);
    Linking {
        options: options.flatten().collect(),
        ..Linking::of(sandbox)
    }
}

/// Whatever reach a policy says: `agrees` shares.
#[test]
fn a_program_is_taken_with_a_policy_that_says_yes_and_stays_on_this_machine() {
    for (names, scope) in [
        (&["agrees"][..], "default"),
        (&["two-scopes"], "pr-1"),
        (&["admits-programs"], "main"),
        (&["two-scopes", "agrees"], "pr-1"),
        (&["admits-programs", "agrees"], "main"),
    ] {
        let sandbox = Sandbox::with_kept_policies();
        let policies: Vec<_> = names.iter().map(|name| policy(name)).collect();
        let linking = asking_each(&sandbox, &policies);
        assert_eq!(linking.links_in_a_session(), "", "{names:?}");
        let taken = entry(&sandbox.store(), scope, &Linking::link_action());
        assert_eq!(taken.field("reach"), "local", "{names:?}");
        linking.is_answered();
    }
}

#[test]
fn a_policy_that_refuses_programs_is_obeyed() {
    for names in [
        &["knows-no-programs"][..],
        &["agrees", "knows-no-programs"],
        &["knows-no-programs", "agrees"],
    ] {
        let sandbox = Sandbox::with_kept_policies();
        let policies: Vec<_> = names.iter().map(|name| policy(name)).collect();
        let (refusing, without) = (asking_each(&sandbox, &policies), Linking::of(&sandbox));
        refusing.links_in_a_session();
        let is_taken = || find_entry(&sandbox.store(), "default", &Linking::link_action());
        assert!(is_taken().is_none(), "{names:?}");

        without.links_in_a_session();
        without.is_answered();
        refusing.is_missed();
    }
}

/// `two-scopes` grants an hour.
#[test]
fn a_program_counts_as_long_as_the_grant_says() {
    let sandbox = Sandbox::with_kept_policies();
    let policies = [policy("two-scopes")];
    let linking = asking_each(&sandbox, &policies);
    linking.links_in_a_session();
    linking.is_answered();
    let mut taken = entry(&sandbox.store(), "pr-1", &Linking::link_action());
    taken.rewrite("expires", "1");
    linking.is_missed();
}

/// `careful` audits everything, and keeps what came out the same.
#[test]
fn a_program_that_a_policy_audits_is_linked_again_and_compared() {
    for (code, is_same) in [("honest", true), ("another", false)] {
        let sandbox = Sandbox::with_kept_policies();
        let first = Linking::of(&sandbox);
        first.links_in_a_session();
        let put = entry(&sandbox.store(), "default", &Linking::link_action());

        let (careful, record) = (policy("careful"), text(sandbox.path("record.jsonl")));
        let audited = Linking {
            options: vec!["--policy", &careful, "--record", &record],
            code,
            ..Linking::of(&sandbox)
        };
        let said = audited.links_in_a_session();
        assert_eq!(said.contains("audit: action "), !is_same, "{said}");
        let lines = recording(record.as_ref());
        let facts = |line: &serde_json::Value| line["facts"].to_string();
        let [offer] = &lines
            .iter()
            .filter(|line| line["line"] == "put" && line["kind"] == "executable")
            .collect::<Vec<_>>()[..]
        else {
            panic!("one offer of a program was expected: {lines:?}");
        };
        assert!(facts(offer).contains("audited"), "{offer}");
        assert_eq!(facts(offer).contains("diverged"), !is_same, "{offer}");
        let kept = entry(&sandbox.store(), "default", &Linking::link_action());
        assert_eq!(
            kept.field("producer") == put.field("producer"),
            !is_same,
            "the program that came out the same is kept, the other is not"
        );
        first.is_answered();
    }
}

/// On another boot, such a program is linked again even where the grant admits the kind: nothing but
/// its own bytes would say where it comes from.
#[test]
fn a_program_that_was_taken_does_not_count_on_another_boot_whatever_a_grant_admits() {
    let mut sandbox = Sandbox::with_kept_policies();
    let policies = [policy("admits-programs")];
    asking_each(&sandbox, &policies).links_in_a_session();
    asking_each(&sandbox, &policies).is_answered();
    sandbox.boot_anew();
    asking_each(&sandbox, &policies).is_missed();
    // Nor after that: a session that missed it has not renewed anything.
    asking_each(&sandbox, &policies).is_missed();
}

/// `release` takes none.
#[test]
fn each_shipped_policy_that_writes_a_scope_has_its_programs_taken() {
    let main = ["--label", "GITHUB_REF=refs/heads/main"];
    let pull_request = ["--label", "GITHUB_REF=refs/pull/17/merge"];
    let of_one_repository =
        |label: &[&'static str]| [&["--settings", ONE_REPOSITORY][..], label].concat();
    for (name, more, scope) in [
        ("allow-all", vec![], Some("default")),
        ("slim", vec![], Some("default")),
        ("shared-tests", vec![], Some("default")),
        (
            "release",
            vec!["--settings", r#"{"repository": null}"#],
            None,
        ),
        ("trusted-branches", of_one_repository(&main), Some("main")),
        (
            "trusted-branches",
            of_one_repository(&pull_request),
            Some("ref-refs_2fpull_2f17_2fmerge"),
        ),
        ("trusted-branches", of_one_repository(&[]), None),
        ("read-only", vec![], None),
    ] {
        let sandbox = Sandbox::with_kept_policies();
        let policy = text(guest(name));
        let linking = Linking {
            options: [&["--policy", &policy][..], &more].concat(),
            ..Linking::of(&sandbox)
        };
        linking.links_in_a_session();
        match scope {
            Some(scope) => {
                entry(&sandbox.store(), scope, &Linking::link_action());
                linking.is_answered();
            }
            None => linking.is_missed(),
        }
    }
}

/// A pull request's job and the main branch's, as one user on one machine.
#[test]
fn a_program_of_a_pull_request_is_not_run_by_main_and_the_other_way_round() {
    let sandbox = Sandbox::with_kept_policies();
    let policy = text(guest("trusted-branches"));
    let job = |label, code| Linking {
        options: vec![
            "--policy",
            &policy,
            "--settings",
            ONE_REPOSITORY,
            "--label",
            label,
        ],
        code,
        ..Linking::of(&sandbox)
    };
    let main = job("GITHUB_REF=refs/heads/main", "honest");
    let pull_request = job("GITHUB_REF=refs/pull/17/merge", "poison");
    let another = job("GITHUB_REF=refs/pull/18/merge", "another");
    pull_request.links_in_a_session();
    pull_request.is_answered();
    main.is_missed();

    fs::remove_dir_all(sandbox.path("temporary/go-build1")).expect("go removes it");
    main.links_in_a_session();
    main.is_answered();
    pull_request.is_answered();
    another.is_missed();
}
