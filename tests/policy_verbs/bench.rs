//! `policy bench`: what a policy costs.

use crate::support::*;

use super::LOCAL;

#[test]
fn bench_says_what_a_policy_costs() {
    let sandbox = Sandbox::new();
    let policy = policy("two-scopes");
    let bench = ["policy", "bench", &policy, "--calls", "100"];
    let shown = sandbox.run(&bench).succeeded().stdout;
    for line in ["file", "compilation", "first decision", "each ", "memory"] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let figures = sandbox.run(&[&bench[..], &["--json"]].concat()).succeeded();
    let figures: serde_json::Value = serde_json::from_str(&figures.stdout).expect("JSON");
    assert_eq!(figures["calls"], 100);
    for name in ["compile", "first_cold", "first_warm"] {
        assert!(figures[name].as_u64().unwrap() > 0, "{name} in {figures}");
    }
}

#[test]
fn bench_asks_the_question_that_it_is_told_to() {
    let sandbox = Sandbox::new();
    let policy = text(guest("mirror"));
    let bench = ["policy", "bench", &policy, "--calls", "100", "--json"];
    for question in ["get", "put"] {
        let told = [&bench[..], &["--question", question]].concat();
        let figures = sandbox.run(&told).succeeded().stdout;
        let figures: serde_json::Value = serde_json::from_str(&figures).expect("JSON");
        assert_eq!(figures["question"], question);
    }
    let only_put = text(sandbox.file("local.wat", LOCAL));
    let bench = ["policy", "bench", &only_put, "--question", "get"];
    let outcome = sandbox.run(&bench).exited(2);
    assert!(
        outcome.stderr.contains("exports no get"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn bench_of_a_policy_that_fails_says_how() {
    let sandbox = Sandbox::new();
    for (name, why) in [
        ("open-traps", "unreachable"),
        ("refuses-settings", "refuses"),
    ] {
        let outcome = sandbox.run(&["policy", "bench", &policy(name), "--calls", "10"]);
        let outcome = outcome.exited(2);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains(why), "{name}: {outcome:?}");
    }
}
