//! Scopes keep entries apart whatever they are called, many processes share one store without a
//! daemon, and an entry does not say more of its session than it should.

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use crate::support::*;

const SCOPES: [&str; 9] = [
    "main", "Main", "MAIN", "CON", "con", "nul.txt", "a-b_c.d", "Pr-17", "pr-17",
];

#[test]
fn scopes_that_look_alike_to_a_file_system_do_not_meet() {
    let sandbox = Sandbox::new();
    for scope in SCOPES {
        let mut helper = sandbox.helper(&["--scope", scope]);
        helper.get(&action("shared")).miss();
        helper.put(&action("shared"), scope.as_bytes()).kept();
        helper.close();
    }
    for scope in SCOPES {
        let mut helper = sandbox.helper(&["--scope", scope]);
        assert_eq!(
            helper.get(&action("shared")).hit().bytes(),
            scope.as_bytes()
        );
        helper.close();
    }
    let names: Vec<_> = fs::read_dir(sandbox.store().join("scopes"))
        .expect("the scopes")
        .map(|item| {
            item.expect("an item")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    assert_eq!(names.len(), SCOPES.len());
    for expected in ["main", "!main", "!m!a!i!n", "!pr-17"] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected}: {names:?}"
        );
    }
    let folded: BTreeSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(
        folded.len(),
        names.len(),
        "they differ by more than case: {names:?}"
    );
    for name in &folded {
        let stem = name.split('.').next().expect("a first part");
        assert!(
            !["con", "nul", "prn", "aux"].contains(&stem),
            "Windows has another idea of {name}"
        );
    }
}

#[test]
fn a_scope_that_is_no_name_is_refused_like_a_mistyped_option() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(97);
    for scope in [
        "",
        ".",
        "..",
        "../escape",
        "a/b",
        ".hidden",
        "dot.",
        "with space",
        "ä",
        &long,
    ] {
        let outcome = sandbox.run(&["--scope", scope]).exited(2);
        assert!(outcome.stderr.contains("scope"), "{scope:?}: {outcome:?}");
    }
    assert!(!sandbox.path("escape").exists());
    let mut helper = sandbox.helper(&["--scope", &long[1..]]);
    helper.put(&action("longest"), b"longest").kept();
    helper.close();
}

#[test]
fn many_processes_share_one_store() {
    let sandbox = Sandbox::new();
    let body = |number: u32| number.to_be_bytes().repeat(500 + 100 * number as usize);
    let name = |number: u32| action(&format!("shared {number}"));
    thread::scope(|threads| {
        for process in 0..6_u32 {
            let sandbox = &sandbox;
            threads.spawn(move || {
                let mut helper = sandbox.helper(&[]);
                for step in 0..120 {
                    // Each goes its own way round, so that they meet as writers and as readers.
                    let number = (process * 20 + step * 7) % 120;
                    let answer = helper.get(&name(number));
                    if answer.is_miss() {
                        let path = helper.put(&name(number), &body(number)).kept();
                        assert_eq!(fs::read(path).expect("the object"), body(number));
                    } else {
                        assert_eq!(answer.hit().bytes(), body(number));
                    }
                }
                assert_eq!(helper.close(), "");
            });
        }
    });
    let mut helper = sandbox.helper(&[]);
    for number in 0..120 {
        assert_eq!(helper.get(&name(number)).hit().bytes(), body(number));
    }
    helper.close();
    assert_eq!(entries(&sandbox.store(), "default").len(), 120);
    assert_eq!(
        files_below(&sandbox.store().join("objects")).len(),
        120,
        "no temporary file is left"
    );
}

#[test]
fn sessions_see_each_others_puts_at_once() {
    let sandbox = Sandbox::new();
    let (mut one, mut other) = (sandbox.helper(&[]), sandbox.helper(&[]));
    other.get(&action("seen")).miss();
    one.put(&action("seen"), b"seen").kept();
    assert_eq!(other.get(&action("seen")).hit().bytes(), b"seen");
    one.put(&action("seen"), b"replaced").kept();
    assert_eq!(other.get(&action("seen")).hit().bytes(), b"replaced");
    one.close();
    other.close();
}

#[test]
fn a_sessions_name_does_not_give_away_the_seed_that_its_policy_draws_from() {
    let sandbox = Sandbox::new();
    let path = text(sandbox.path("record.jsonl"));
    let mut helper = sandbox.helper(&["--record", &path]);
    helper.put(&action("x"), b"x").kept();
    helper.close();
    let recorded = recording(&sandbox.path("record.jsonl"));
    let session = &recorded[0];
    let id = session["id"].as_str().expect("a name");
    let seed = session["seed"].as_u64().expect("a seed");
    let entry = entry_path(&sandbox.store(), "default", &action("x"));
    let entry = std::fs::read_to_string(entry).expect("the entry");
    assert!(entry.contains(id), "an entry names who put it: {entry}");
    let spellings = [
        format!("{seed:x}"),
        seed.to_string(),
        format!("{:x}", seed.swap_bytes()),
    ];
    for file in files_below(&sandbox.store()) {
        let bytes = std::fs::read(&file).expect("a file");
        let content = String::from_utf8_lossy(&bytes);
        for spelling in &spellings {
            assert!(!content.contains(spelling), "{}: {content}", file.display());
        }
    }
}
