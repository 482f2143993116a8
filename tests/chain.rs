//! Several policies for one session: each is asked everything, the strictest verdict wins, grants intersect.

use serde_json::Value;

use crate::support::lookup::{HIT, HIT_VERIFIED, MISS, SKIP, TRAP};
use crate::support::reach::{LOCAL, SESSION, SHARED};
use crate::support::*;

/// The options of a chain of the policies of tests/policies/.
fn chain(names: &[&str]) -> Vec<String> {
    let words = names
        .iter()
        .map(|name| ["--policy".to_owned(), policy(name)]);
    words.flatten().collect()
}

fn helper(sandbox: &Sandbox, options: &[String]) -> Helper {
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    sandbox.helper(&options)
}

/// Both orders of a policy that says yes to everything and one that says what the action asks for.
fn in_both_orders() -> [Vec<String>; 2] {
    [["agrees", "as-asked"], ["as-asked", "agrees"]].map(|names| chain(&names))
}

#[test]
fn the_strictest_verdict_on_a_get_wins_in_whatever_order() {
    let sandbox = Sandbox::new();
    let actions = [HIT, HIT_VERIFIED, SKIP, MISS].map(|get| asking(get, LOCAL, "entry"));
    sandbox.fill(&[], &actions, b"kept");
    for options in in_both_orders() {
        let mut helper = helper(&sandbox, &options);
        for action in &actions {
            match action[0] {
                HIT | HIT_VERIFIED => drop(helper.get(action).hit()),
                _ => helper.get(action).miss(),
            }
        }
        helper.close();
    }
}

#[test]
fn the_strictest_verdict_on_a_put_wins_in_whatever_order() {
    for options in in_both_orders() {
        let sandbox = Sandbox::new();
        let mut first = helper(&sandbox, &options);
        for reach in [SESSION, LOCAL, SHARED] {
            first.put(&asking(HIT, reach, "entry"), b"put").kept();
        }
        first.close();
        let mut second = sandbox.helper(&[]);
        second.get(&asking(HIT, SESSION, "entry")).miss();
        second.get(&asking(HIT, LOCAL, "entry")).hit();
        second.get(&asking(HIT, SHARED, "entry")).hit();
        second.close();
        let reach = |reach| {
            let action = asking(HIT, reach, "entry");
            entry(&sandbox.store(), "default", &action)
                .field("reach")
                .to_owned()
        };
        assert_eq!([reach(LOCAL), reach(SHARED)], ["local", "shared"]);
    }
}

/// A policy that does not decide puts gives what its kind has without a policy; one beside it must not widen that.
#[test]
fn a_policy_that_decides_no_puts_bounds_what_another_says() {
    let sandbox = Sandbox::new();
    let action = asking(HIT, LOCAL, "entry");
    let record = b"ok  \texample.org/m\t0.001s\n";
    let mut helper = helper(&sandbox, &chain(&["two-scopes", "agrees"]));
    helper.put(&action, record).kept();
    helper.close();
    let kept = entry(&sandbox.store(), "pr-1", &action);
    assert_eq!((kept.kind(), kept.field("reach")), ("test-record", "local"));
}

/// `two-scopes` reads `pr-1` and `main` and skips an action of the first byte 2 in its first scope alone.
#[test]
fn grants_intersect_and_each_policy_is_told_a_scope_by_its_own_grant() {
    let sandbox = Sandbox::new();
    let (skipped, other) = (asking(SKIP, LOCAL, "skipped"), asking(HIT, LOCAL, "other"));
    sandbox.fill(&["--scope", "main"], &[skipped], b"of main");
    sandbox.fill(&["--scope", "pr-1"], &[other], b"of the pull request");
    for names in [["reads-main", "two-scopes"], ["two-scopes", "reads-main"]] {
        let mut helper = helper(&sandbox, &chain(&names));
        assert_eq!(helper.get(&skipped).hit().bytes(), b"of main", "{names:?}");
        helper.get(&other).miss();
        helper.put(&other, b"changed").kept();
        helper.close();
        let mut again = sandbox.helper(&["--scope", "pr-1"]);
        let found = again.get(&other).hit().bytes();
        assert_eq!(found, b"of the pull request", "both must write a scope");
        again.close();
    }
}

/// Neither a policy without `open` nor an SDK's default has one; the first policy always has.
#[test]
fn a_policy_behind_the_first_without_an_opinion_on_scopes_leaves_them_to_it() {
    for follower in [policy("as-asked"), text(guest("slim"))] {
        let sandbox = Sandbox::new();
        let action = asking(HIT, LOCAL, "entry");
        let mut first = sandbox.helper(&["--policy", &policy("two-scopes"), "--policy", &follower]);
        first.put(&action, b"put").kept();
        assert_eq!(first.close(), "");
        assert!(find_entry(&sandbox.store(), "pr-1", &action).is_some());
        assert!(find_entry(&sandbox.store(), "default", &action).is_none());
    }
}

#[test]
fn policies_that_have_no_scope_in_common_are_told_with_what_each_grants() {
    let sandbox = Sandbox::new();
    let action = asking(HIT, LOCAL, "entry");
    let mut helper = helper(&sandbox, &chain(&["as-asked", "two-scopes"]));
    helper.put(&action, b"put").kept();
    let said = helper.close();
    for word in [
        "no scope in common to read or to write",
        "writes default",
        "reads pr-1, main",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(find_entry(&sandbox.store(), "pr-1", &action).is_none());
    assert!(find_entry(&sandbox.store(), "default", &action).is_none());
}

#[test]
fn settings_that_are_refused_stop_the_session_and_a_refused_session_goes_on_without_a_cache() {
    let sandbox = Sandbox::new();
    let mut helper = helper(&sandbox, &chain(&["agrees", "refuses-session"]));
    helper.put(&action("entry"), b"put").kept();
    let said = helper.close();
    assert!(
        said.contains("refuses this session: nobody I know"),
        "{said}"
    );
    assert!(find_entry(&sandbox.store(), "default", &action("entry")).is_none());

    let options = chain(&["refuses-session", "refuses-settings"]);
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let said = run_to_its_end(&mut sandbox.cachewarden(&options)).exited(2);
    assert!(said.stderr.contains("settings.branch"), "{}", said.stderr);
}

#[test]
fn a_policy_that_has_failed_for_good_leaves_the_others_nothing_to_allow() {
    let sandbox = Sandbox::new();
    let action = asking(HIT, LOCAL, "entry");
    let traps = asking(TRAP, LOCAL, "entry");
    sandbox.fill(&[], &[action, traps], b"kept");
    let mut helper = helper(&sandbox, &chain(&["agrees", "as-asked"]));
    helper.get(&action).hit();
    for _ in 0..3 {
        helper.get(&traps).miss();
    }
    helper.get(&action).miss();
    let said = helper.close();
    assert!(
        said.contains("as-asked.wat") && said.contains("is off"),
        "{said}"
    );
}

#[test]
fn a_recording_has_each_policys_place_and_either_can_be_asked_again() {
    let sandbox = Sandbox::new();
    let file = text(sandbox.path("record.jsonl"));
    let action = asking(HIT, LOCAL, "entry");
    let (first, second) = (policy("agrees"), policy("as-asked"));
    let (first, second) = (
        first + "?settings={\"a\":1}",
        second + "?settings={\"b\":2}",
    );
    let options = ["--policy", &first, "--policy", &second, "--record", &file];
    let mut helper = sandbox.helper(&options);
    helper.put(&action, b"put").kept();
    helper.close();
    let recorded = recording(sandbox.path("record.jsonl").as_path());
    let of = |place: u64, kind: &str| -> Vec<&Value> {
        recorded
            .iter()
            .filter(|line| line["policy-index"] == place && line["line"] == kind)
            .collect()
    };
    for (place, settings, verdict) in [(0, "{\"a\":1}", "shared"), (1, "{\"b\":2}", "local")] {
        let settings: Value = serde_json::from_str(settings).expect("JSON");
        assert_eq!(of(place, "session")[0]["settings"], settings);
        assert_eq!(of(place, "put")[0]["verdict"], verdict);
        assert_eq!(of(place, "close").len(), 1);
    }
    let seed = |place| &of(place, "session")[0]["seed"];
    assert_ne!(seed(0), seed(1), "neither foresees what the other draws");
    for (place, name) in [("0", "agrees"), ("1", "as-asked")] {
        let words = [
            "policy",
            "test",
            &policy(name),
            &file,
            "--policy-index",
            place,
        ];
        let told = run_to_its_end(&mut sandbox.cachewarden(&words)).succeeded();
        assert!(
            told.stdout
                .contains("1 sessions, 2 questions, 0 differences"),
            "{}",
            told.stdout
        );
    }
}

#[test]
fn settings_are_paired_with_their_policy_or_refused() {
    let sandbox = Sandbox::new();
    let one = policy("closes");
    for (options, told) in [
        (
            vec!["--policy", &one, "--policy", &one, "--settings", "{}"],
            "there are 2",
        ),
        (
            vec!["--policy", "/p.wasm?settings={}", "--settings", "{}"],
            "settings twice",
        ),
        (vec!["--policy", "p.wasm?settings=@/s.json"], "--policy"),
        (vec!["--policy", "/p.wasm?settings=@s.json"], "settings=@"),
    ] {
        let said = run_to_its_end(&mut sandbox.cachewarden(&options)).exited(2);
        assert!(said.stderr.contains(told), "{options:?}: {}", said.stderr);
    }
}

#[test]
fn a_real_build_asks_both() {
    let sandbox = Sandbox::new();
    let sources = [("go.mod", "module m\n\ngo 1.21\n"), ("m.go", "package m\n")];
    let slim = text(guest("slim"));
    let options = format!("--policy '{slim}' --policy '{}' -v", policy("agrees"));
    let project = GoProject::new(&sandbox, GO, &sources).with_helper(&options);
    project.go(&["build", "./..."]).succeeded();
    let again = project.go(&["build", "./..."]).succeeded();
    let totals = Totals::of(&again.stderr);
    assert_eq!((totals.hits, totals.puts), (totals.gets, 0), "{totals:?}");
}
