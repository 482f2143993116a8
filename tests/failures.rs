//! What a build sees when something goes wrong: the table of docs/design/failures.md, row by row,
//! with the real go where it says so.

use std::fs;

use crate::support::*;
/// Policies that come to no grant, and a word of the text that says why.
const GRANT_NOTHING: [(&str, &str); 7] = [
    ("start-traps", "trap"),
    ("start-loops", "--policy-deadline"),
    ("initialize-traps", "trap"),
    ("open-traps", "trap"),
    ("open-loops", "--policy-deadline"),
    ("refuses-session", "nobody I know"),
    ("grants-escape", "../escape"),
];

#[test]
fn a_policy_that_cannot_be_loaded_stops_the_build_with_one_clear_text() {
    let sandbox = Sandbox::with_kept_policies();
    for (policy, word) in [
        ("/nowhere/policy.wasm".to_owned(), "/nowhere/policy.wasm"),
        (policy("wrong-signature"), "wrong-signature.wat"),
        (policy("refuses-settings"), "settings.branch"),
    ] {
        let options = format!("--policy '{policy}'");
        let project = GoProject::new(&sandbox, GO, RUNES).with_helper(&options);
        let build = project.go(&["build", "./lib"]).exited(1);
        assert!(build.stderr.contains(word), "{build:?}");
        let ours = build
            .stderr
            .lines()
            .filter(|line| line.starts_with("cachewarden: "));
        assert_eq!(ours.count(), 1, "{build:?}");
    }
}

#[test]
fn a_policy_that_grants_nothing_leaves_the_session_to_itself() {
    let sandbox = Sandbox::with_kept_policies();
    let known = action("known");
    sandbox.fill(&[], &[known], b"known");
    let before = listing(&sandbox.store().join("scopes"));
    for (name, word) in GRANT_NOTHING {
        let mut helper = sandbox.helper(&["--policy", &policy(name), "--policy-deadline", "50ms"]);
        helper.get(&known).miss();
        let path = helper.put(&action(name), name.as_bytes()).kept();
        assert_eq!(helper.get(&action(name)).hit().bytes(), name.as_bytes());
        let stderr = helper.close();
        assert_eq!(stderr.lines().count(), 1, "one text: {stderr}");
        assert!(
            stderr.contains(word) && stderr.contains(name),
            "{word}: {stderr}"
        );
        assert_eq!(
            fs::read(path).expect("it lives on after close"),
            name.as_bytes()
        );
        assert_eq!(
            listing(&sandbox.store().join("scopes")),
            before,
            "{name}: nothing outlives the session"
        );
    }
    assert!(!sandbox.path("escape").exists());
}

#[test]
fn a_build_works_with_a_policy_that_grants_nothing_or_keeps_failing() {
    let mut policies: Vec<_> = GRANT_NOTHING.iter().map(|(name, _)| *name).collect();
    // Real actions ask `as-asked` for nonsense: it traps until it is switched off.
    policies.extend(["as-asked", "gets-loop", "reads-main"]);
    for name in policies {
        let sandbox = Sandbox::with_kept_policies();
        let options = format!("--policy '{}' --policy-deadline 50ms -v", policy(name));
        let project = GoProject::new(&sandbox, GO, RUNES).with_helper(&options);
        for _ in 0..2 {
            let list = project
                .go(&["list", "-export", "-f", "{{.Export}}", "./lib"])
                .succeeded();
            assert!(
                fs::read(list.stdout.trim())
                    .expect("an archive")
                    .starts_with(b"!<arch>\n"),
                "{name}"
            );
            let totals = Totals::of(&list.stderr);
            assert!(
                totals.puts > 0 && totals.hits < totals.gets,
                "it is built anew with {name}: {list:?}"
            );
        }
        project.go(&["build", "./lib"]).succeeded();
    }
}

#[test]
fn a_build_works_on_a_store_full_of_damage() {
    let sandbox = Sandbox::with_kept_policies();
    let project = GoProject::new(&sandbox, GO, RUNES);
    let archive = |project: &GoProject| {
        let list = project.go(&["list", "-export", "-f", "{{.Export}}", "./lib"]);
        fs::read(list.succeeded().stdout.trim()).expect("an archive")
    };
    let whole = archive(&project);
    let objects = files_below(&sandbox.store().join("objects"));
    for (number, object) in objects.iter().enumerate() {
        match number % 3 {
            0 => fs::remove_file(object).expect("it can be removed"),
            1 => overwrite(object, b"damage"),
            _ => {}
        }
    }
    for (number, entry) in entries(&sandbox.store(), "default").iter().enumerate() {
        if number % 4 == 0 {
            overwrite(&entry.path, b"damage");
        }
    }
    project.go(&["build", "./lib"]).succeeded();
    let again = archive(&project);
    assert_eq!(again, whole, "the damage is nowhere in it");
}
