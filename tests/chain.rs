//! Several policies on a command line, each with its own settings and place in a recording. What
//! they come to together is shown in `host/session/src/tests/chains.rs`.

use serde_json::Value;

use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
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

/// Neither a policy without `open` nor an SDK's default has one; the first policy always has.
#[test]
fn a_policy_behind_the_first_without_an_opinion_on_scopes_leaves_them_to_it() {
    for follower in [policy("as-asked"), text(guest("slim"))] {
        let sandbox = Sandbox::with_kept_policies();
        let action = asking(HIT, LOCAL, "entry");
        let mut first = sandbox.helper(&["--policy", &policy("two-scopes"), "--policy", &follower]);
        first.put(&action, b"put").kept();
        assert_eq!(first.close(), "");
        assert!(find_entry(&sandbox.store(), "pr-1", &action).is_some());
        assert!(find_entry(&sandbox.store(), "default", &action).is_none());
    }
}

/// Origin: a reader of commit 9d336eb: behind a policy that chooses scopes it left none to read.
/// The operator need not allow the default scope, which is not read.
#[test]
fn read_only_without_scopes_only_forbids_writing_behind_another_policy() {
    let sandbox = Sandbox::with_kept_policies();
    let (known, new) = (asking(HIT, LOCAL, "known"), asking(HIT, LOCAL, "new"));
    let first = policy("two-scopes");
    sandbox.fill(&["--policy", &first], &[known], b"known");
    let read_only = text(guest("read-only"));
    let options = ["--policy", &first, "--policy", &read_only];
    for allowed in [&[][..], &["--allow-read", "pr-*", "--allow-read", "main"]] {
        let mut helper = sandbox.helper(&[&options[..], allowed].concat());
        helper.get(&known).hit();
        helper.put(&new, b"new").kept();
        assert_eq!(helper.close(), "");
        assert!(find_entry(&sandbox.store(), "pr-1", &new).is_none());
    }
}

#[test]
fn settings_that_are_refused_stop_the_session_and_a_refused_session_goes_on_without_a_cache() {
    let sandbox = Sandbox::with_kept_policies();
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
fn a_recording_has_each_policys_place_and_either_can_be_asked_again() {
    let sandbox = Sandbox::with_kept_policies();
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
                .contains("1 session, 2 questions, 0 differences"),
            "{}",
            told.stdout
        );
    }
}

#[test]
fn settings_are_paired_with_their_policy_or_refused() {
    let sandbox = Sandbox::with_kept_policies();
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
    let sandbox = Sandbox::with_kept_policies();
    let sources = [("go.mod", "module m\n\ngo 1.21\n"), ("m.go", "package m\n")];
    let slim = text(guest("slim"));
    let options = format!("--policy '{slim}' --policy '{}' -v", policy("agrees"));
    let project = GoProject::new(&sandbox, GO, &sources).with_helper(&options);
    project.go(&["build", "./..."]).succeeded();
    let again = project.go(&["build", "./..."]).succeeded();
    let totals = Totals::of(&again.stderr);
    assert_eq!((totals.hits, totals.puts), (totals.gets, 0), "{totals:?}");
}
