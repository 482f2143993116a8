//! Claims of a token whose values a job has chosen: names of branches, most of all.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::chown;

use serde_json::json;

use super::issuer::Issuer;
use super::world::*;
use crate::support::*;

#[test]
fn no_value_of_a_claim_is_another_scope_or_reaches_a_terminal() {
    if !is_root() {
        return;
    }
    let mut world = World::without_daemon();
    let issuer = Issuer::new(&world.sandbox);
    world.configure(&format!(
        "{}[[tenant]]\nname = \"branch\"\nissuer = \"ci\"\nmatch = {{ project = \"17\" }}\nwrite = [\"branch-{{ref}}\"]\nread = [\"branch-{{ref}}\"]\n[[tenant]]\nname = \"main\"\nmatch = {{ \"peer.uid\" = \"{FORK}\" }}\nwrite = [\"main\"]\nread = [\"main\"]\n",
        Issuer::table(&world.sandbox.path("keys.json"))
    ));
    world.start();
    let mut main = world.helper(FORK, &[]);
    main.put(&action("one"), b"of main").kept();
    let long = "x".repeat(10_000);
    let values = [
        "../main",
        "main",
        "/main",
        "..",
        ".",
        "",
        "*",
        "{ref}",
        "_",
        "a/b",
        "a_2fb",
        "a b",
        "A",
        "main\0",
        "main\n",
        "\u{1b}[2Jmain",
        "\u{202e}niam",
        "\u{9b}2J",
        "\"},{\"",
        "ä",
        &long,
        &format!("{long}y"),
        &long[..200],
        &format!("{}y", &long[..200]),
    ];
    let mut served = 0;
    for value in values {
        let token = issuer.token(&json!({"project_id": "17", "ref": value}));
        let path = world.sandbox.file("token", token);
        chown(&path, Some(MAIN), Some(MAIN)).expect("its owner");
        let path = path.display().to_string();
        let options = ["--token-file", &path];
        let whoami =
            run_to_its_end(&mut world.connect(MAIN, &[&options[..], &["--whoami"]].concat()));
        let shown = format!("{}{}", whoami.stdout, whoami.stderr);
        let shown_value: String = value.chars().take(20).collect();
        assert!(
            !shown.trim_end().replace('\n', "").contains(is_obeyed),
            "{shown_value:?}: {shown:?}"
        );
        if whoami.status.code() == Some(1) {
            // Not a session without a token, but none.
            assert!(!shown.contains("tenant main"), "{shown_value:?}: {shown}");
            assert!(
                shown.len() < 2_000,
                "{shown_value:?}: {} bytes",
                shown.len()
            );
            continue;
        }
        assert!(
            shown.starts_with("tenant branch: writes branch-"),
            "{shown_value:?}: {shown}"
        );
        let mut session = world.helper(MAIN, &options);
        session.get(&action("one")).miss();
        session.put(&action("one"), value.as_bytes()).kept();
        assert_eq!(session.close(), "");
        served += 1;
    }
    assert!(served > 10, "{served}");
    // What is no token at all.
    for text in [
        "\u{1b}[2J",
        "a.b.c",
        "a\nb.c\r.d",
        "\0",
        "..",
        &"x".repeat(10_000),
        &"x".repeat(100_000),
    ] {
        let path = world.sandbox.file("token", text);
        chown(&path, Some(FORK), Some(FORK)).expect("its owner");
        let path = path.display().to_string();
        let mut refused = world.connect(FORK, &["--whoami", "--token-file", &path]);
        let refused = run_to_its_end(&mut refused).exited(1);
        let is_safe = !refused.stderr.trim_end().contains(is_obeyed);
        assert!(is_safe && refused.stderr.len() < 2_000, "{refused:?}");
        assert_eq!(refused.stdout, "");
    }
    assert_eq!(main.get(&action("one")).hit().bytes(), b"of main");
    main.close();
    world.wait_for_the_end_of_sessions();
    // Each value has a scope of its own.
    let scopes: BTreeSet<_> = fs::read_dir(world.store().join("scopes"))
        .expect("the scopes")
        .map(|scope| {
            scope
                .expect("a scope")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    assert_eq!(scopes.len(), served + 1, "{scopes:?}");
    assert!(
        scopes
            .iter()
            .all(|scope| scope == "main" || scope.starts_with("branch-")),
        "{scopes:?}"
    );
    assert!(!world.log().replace('\n', "").contains(is_obeyed));
    let recorded =
        fs::read_to_string(world.sandbox.path("audit/branch.jsonl")).expect("a recording");
    for line in recorded.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON");
    }
}

/// Whether a terminal may obey it, or show what follows in another order.
fn is_obeyed(one: char) -> bool {
    one.is_control() || ('\u{202a}'..='\u{202e}').contains(&one)
}
