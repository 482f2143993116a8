//! What a grant means: scopes that are kept apart, lifetimes, and the bounds that the operator
//! sets.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::lookup::{HIT, SKIP};
use crate::support::reach::LOCAL;
use crate::support::*;

#[test]
fn a_grant_keeps_scopes_apart() {
    let sandbox = Sandbox::with_kept_policies();
    let (shared, skipped) = (asking(HIT, LOCAL, "shared"), asking(SKIP, LOCAL, "skipped"));
    sandbox.fill(&["--scope", "main"], &[shared, skipped], b"of main");
    sandbox.fill(&["--scope", "pr-1"], &[skipped], b"of the pull request");
    sandbox.fill(
        &["--scope", "elsewhere"],
        &[asking(HIT, LOCAL, "elsewhere")],
        b"elsewhere",
    );

    let mut helper = sandbox.helper(&["--policy", &policy("two-scopes")]);
    assert_eq!(helper.get(&shared).hit().bytes(), b"of main");
    assert_eq!(
        helper.get(&skipped).hit().bytes(),
        b"of main",
        "the next scope has another one"
    );
    helper.get(&asking(HIT, LOCAL, "elsewhere")).miss();
    helper.put(&shared, b"changed").kept();
    assert_eq!(helper.close(), "");

    let mut helper = sandbox.helper(&["--policy", &policy("two-scopes")]);
    assert_eq!(
        helper.get(&shared).hit().bytes(),
        b"changed",
        "its own scope comes first"
    );
    helper.close();
    let mut helper = sandbox.helper(&["--scope", "main"]);
    assert_eq!(
        helper.get(&shared).hit().bytes(),
        b"of main",
        "untouched by the pull request"
    );
    helper.close();
}

#[test]
fn what_a_session_puts_stops_counting_after_its_lifetime() {
    let sandbox = Sandbox::with_kept_policies();
    let action = asking(HIT, LOCAL, "short-lived");
    let before = SystemTime::now();
    sandbox.fill(
        &["--policy", &policy("two-scopes")],
        &[action],
        b"short-lived",
    );
    let mut kept = entry(&sandbox.store(), "pr-1", &action);
    let expires = Duration::from_secs(kept.field("expires").parse().expect("seconds since 1970"));
    let left = (SystemTime::UNIX_EPOCH + expires)
        .duration_since(before)
        .expect("in the future");
    assert!(
        left >= HOUR - Duration::from_secs(1) && left < HOUR + Duration::from_secs(600),
        "{left:?}"
    );

    let asked = |action| {
        let mut helper = sandbox.helper(&["--scope", "pr-1"]);
        let answer = helper.get(action);
        helper.close();
        answer
    };
    assert_eq!(asked(&action).hit().bytes(), b"short-lived");
    kept.rewrite("expires", "1500000000");
    asked(&action).miss();
}

#[test]
fn a_policy_may_write_nothing() {
    let sandbox = Sandbox::with_kept_policies();
    sandbox.fill(&["--scope", "main"], &[action("known")], b"known");
    let mut helper = sandbox.helper(&["--policy", &policy("reads-main"), "-v"]);
    assert_eq!(helper.get(&action("known")).hit().bytes(), b"known");
    let path = helper.put(&action("made"), b"made").kept();
    assert_eq!(helper.get(&action("made")).hit().bytes(), b"made");
    let totals = Totals::of(&helper.close());
    assert_eq!(
        (totals.puts, totals.refused_puts, totals.refused_gets),
        (1, 1, 0)
    );
    assert_eq!(fs::read(path).expect("it lives on after close"), b"made");
    let scopes = fs::read_dir(sandbox.store().join("scopes")).expect("the scopes");
    assert_eq!(scopes.count(), 1, "no scope but `main`");
}

#[test]
fn a_grant_stays_within_what_the_operator_allows() {
    let sandbox = Sandbox::with_kept_policies();
    let action = asking(HIT, LOCAL, "bounded");
    sandbox.fill(&["--scope", "main"], &[action], b"of main");
    let policy = policy("two-scopes");
    let allowed: [&[&str]; 4] = [
        &["--allow-write", "pr-*"],
        &[
            "--allow-write",
            "main",
            "--allow-write",
            "*-1",
            "--allow-read",
            "*",
        ],
        &[
            "--allow-read",
            "ma*n",
            "--allow-read",
            "p*r*-*1",
            "--allow-write",
            "*",
        ],
        &[
            "--allow-read",
            "main",
            "--allow-read",
            "pr-1",
            "--allow-write",
            "pr-1",
        ],
    ];
    for options in allowed {
        let mut helper = sandbox.helper(&[&["--policy", &policy], options].concat());
        assert_eq!(helper.get(&action).hit().bytes(), b"of main", "{options:?}");
        assert_eq!(helper.close(), "", "{options:?}");
    }
    let forbidden: [(&[&str], [&str; 2]); 4] = [
        (&["--allow-write", "main"], ["pr-1", "--allow-write"]),
        (&["--allow-write", "pr"], ["pr-1", "--allow-write"]),
        (&["--allow-read", "pr-*"], ["main", "--allow-read"]),
        (
            &["--allow-read", "main", "--allow-write", "*"],
            ["pr-1", "--allow-read"],
        ),
    ];
    for (options, words) in forbidden {
        let mut helper = sandbox.helper(&[&["--policy", &policy], options].concat());
        helper.get(&action).miss();
        helper.put(&action, b"kept to the session").kept();
        assert_eq!(
            helper.get(&action).hit().bytes(),
            b"kept to the session",
            "{options:?}"
        );
        let stderr = helper.close();
        assert_eq!(stderr.lines().count(), 1, "one text: {stderr}");
        assert!(
            words.iter().all(|word| stderr.contains(word)),
            "{words:?}: {stderr}"
        );
        assert!(
            find_entry(&sandbox.store(), "pr-1", &action).is_none(),
            "{options:?}"
        );
    }
}
