//! What a person sees of a store and takes out of it: `stats` and `prune`.

use serde_json::Value;

use crate::support::*;

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Puts a body into a scope.
fn put(sandbox: &Sandbox, scope: &str, name: &str, body: &[u8]) {
    let mut helper = sandbox.helper(&["--scope", scope]);
    helper.put(&action(name), body).kept();
    helper.close();
}

/// Lets everything in the store look as if it had been used last so long ago.
fn age_all(sandbox: &Sandbox, age: std::time::Duration) {
    for folder in ["objects", "scopes"] {
        for file in files_below(&sandbox.store().join(folder)) {
            sandbox.set_age(&file, age);
        }
    }
}

#[test]
fn stats_show_what_is_there_and_what_happened() {
    let sandbox = Sandbox::new();
    sandbox.run(&["stats"]).exited(1);
    put(&sandbox, "main", "list", b"some list\n");
    put(&sandbox, "main", "index", b"go index v2\n\0");
    put(&sandbox, "Pr-17", "list", b"some list\n");
    let mut helper = sandbox.helper(&["--scope", "main"]);
    helper.get(&action("list")).hit();
    helper.get(&action("unknown")).miss();
    helper.close();

    let text = sandbox.run(&["stats"]).succeeded().stdout;
    for word in ["main", "Pr-17", "module-index", "4 sessions"] {
        assert!(text.contains(word), "{word} is missing: {text}");
    }
    for total in ["gets 2", "hits 1 50.0 %", "misses 1 50.0 %", "puts 3 33 B"] {
        let is_total = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") == total;
        assert!(text.lines().any(is_total), "{total}: {text}");
    }
    let json: Value =
        serde_json::from_str(&sandbox.run(&["stats", "--json"]).succeeded().stdout).expect("JSON");
    assert_eq!(json["objects"], 2, "{json}");
    assert_eq!(json["bytes"], 23, "{json}");
    assert_eq!(json["scopes"]["main"]["entries"], 2, "{json}");
    assert_eq!(
        json["scopes"]["main"]["kinds"]["module-index"]["entries"], 1,
        "{json}"
    );
    assert_eq!(json["scopes"]["Pr-17"]["entries"], 1, "{json}");
    assert_eq!(json["sessions"]["sessions"], 4, "{json}");
    assert_eq!(
        (&json["sessions"]["gets"], &json["sessions"]["hits"]),
        (&2.into(), &1.into()),
        "{json}"
    );
    assert_eq!(
        (&json["sessions"]["puts"], &json["sessions"]["bytes-put"]),
        (&3.into(), &33.into()),
        "{json}"
    );
}

/// Origin: a reader who took `prune --scope pr-17` for a way to be rid of that scope.
#[test]
fn prune_of_a_scope_says_what_of_it_stays() {
    let sandbox = Sandbox::new();
    put(&sandbox, "pr-17", "old", b"old");
    age_all(&sandbox, 6 * DAY);
    put(&sandbox, "pr-17", "new", b"new");
    put(&sandbox, "main", "other", b"other");
    let prune = |words: &[&str]| {
        let words = [&["prune", "--scope", "pr-17"], words].concat();
        sandbox.run(&words).succeeded().stdout
    };
    let stays = "1 entry of scope pr-17 stays in the store, used in the last 5days. --all removes";
    let told = prune(&[]);
    assert!(told.starts_with("Removed 1 entry and "), "{told}");
    assert!(told.contains(stays), "{told}");
    let told = prune(&["--all"]);
    assert!(!told.contains("of scope pr-17"), "{told}");
    assert!(find_entry(&sandbox.store(), "pr-17", &action("new")).is_none());
    assert!(find_entry(&sandbox.store(), "main", &action("other")).is_some());
}

#[test]
fn prune_removes_what_it_says_and_nothing_else() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    put(&sandbox, "main", "old", b"old");
    put(&sandbox, "pr-1", "old too", b"old too");
    age_all(&sandbox, 4 * DAY);
    put(&sandbox, "main", "new", b"new");
    let there = |scope, name| find_entry(&store, scope, &action(name)).is_some();

    let before = listing(&store.join("scopes"));
    let dry = sandbox
        .run(&["prune", "--older-than", "3d", "--dry-run"])
        .succeeded();
    assert!(dry.stdout.contains('2'), "{dry:?}");
    sandbox.run(&["prune"]).succeeded();
    assert_eq!(
        listing(&store.join("scopes")),
        before,
        "nothing is older than five days"
    );

    sandbox
        .run(&["prune", "--older-than", "3d", "--scope", "pr-1"])
        .succeeded();
    assert!(there("main", "old") && !there("pr-1", "old too"));
    sandbox.run(&["prune", "--older-than", "3d"]).succeeded();
    assert!(!there("main", "old") && there("main", "new"));
    let mut objects = files_below(&store.join("objects"));
    objects.retain(|path| *path != object_path(&store, &sha256(b"new")));
    assert_eq!(
        objects,
        Vec::<std::path::PathBuf>::new(),
        "their objects went with them"
    );

    put(&sandbox, "pr-2", "new", b"new");
    age_all(&sandbox, 5 * HOUR);
    sandbox.run(&["prune", "--all"]).succeeded();
    assert_eq!(
        files_below(&store.join("scopes")),
        Vec::<std::path::PathBuf>::new()
    );
    assert_eq!(
        files_below(&store.join("objects")),
        Vec::<std::path::PathBuf>::new()
    );
    put(&sandbox, "main", "afterwards", b"afterwards");
}

#[test]
fn prune_of_a_size_goes_by_least_recent_use() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    for number in 0..4_u8 {
        let body = vec![number; 10_000];
        put(&sandbox, "main", &number.to_string(), &body);
        let age = HOUR * (20 - u32::from(number));
        sandbox.set_age(
            &entry_path(&store, "main", &action(&number.to_string())),
            age,
        );
        sandbox.set_age(&object_path(&store, &sha256(&body)), age);
    }
    sandbox.run(&["prune", "--max-size", "25KB"]).succeeded();
    let mut helper = sandbox.helper(&["--scope", "main"]);
    let hits: Vec<_> = (0..4)
        .map(|number| !helper.get(&action(&number.to_string())).is_miss())
        .collect();
    helper.close();
    assert_eq!(hits, [false, false, true, true]);
}
