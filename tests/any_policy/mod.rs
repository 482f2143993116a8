//! Whatever a policy answers: the session's protocol is valid, no entry outside the grant's read
//! scopes is ever answered, and nothing outside its write scope is written. The policies are
//! generated, most of them nonsense.

mod generate;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::*;
use generate::{NAMES, Opens, generate};

/// Scopes that hold an entry for every action.
const FILLED: [&str; 6] = ["main", "Main", "pr-1", "pr-2", "con", "other"];

/// What an operator may allow.
const PATTERNS: [&str; 6] = ["*", "main", "pr-*", "new", "nothing", "M*"];

const ACTIONS: usize = 6;

#[test]
fn no_policy_reads_or_writes_beyond_its_grant() {
    let template = Sandbox::new();
    for scope in FILLED {
        let mut helper = template.helper(&["--scope", scope]);
        for number in 0..ACTIONS {
            helper
                .put(&asked(number), content(scope, number).as_bytes())
                .kept();
        }
        helper.close();
    }
    rounds("policies tried", 30, |round| {
        let chance = &mut round.chance;
        let sandbox = Sandbox::new();
        run_to_its_end(
            sandbox
                .command(Path::new("cp"))
                .arg("-a")
                .args([template.store(), sandbox.store()]),
        )
        .succeeded();
        let generated = generate(chance);
        let policy = text(sandbox.file("policy.wat", &generated.module));
        let mut options = vec!["--scope", "main", "--policy", &policy];
        let [readable, writable] = ["--allow-read", "--allow-write"].map(|option| {
            let number = if chance.bool() { 0 } else { chance.usize(..3) };
            let patterns = chance.choose_multiple(PATTERNS, number);
            for pattern in &patterns {
                options.extend([option, pattern]);
            }
            patterns
        });
        let (reads, writes) = access(&generated.opens, &readable, &writable);
        let before = listing(&sandbox.store().join("scopes"));

        let mut helper = sandbox.helper(&options);
        let mut own = BTreeMap::new();
        let mut answers = 0;
        if !matches!(generated.opens, Opens::RefusesSettings) {
            for step in 0..chance.usize(10..40) {
                let number = chance.usize(..ACTIONS);
                if chance.u8(..3) == 0 {
                    let body = format!("put {step} of {number}");
                    helper.put(&asked(number), body.as_bytes()).kept();
                    own.insert(number, body);
                    continue;
                }
                let answer = helper.get(&asked(number));
                if let Some(body) = own.get(&number) {
                    assert_eq!(answer.hit().bytes(), body.as_bytes());
                } else if !answer.is_miss() {
                    answers += 1;
                    let bytes = String::from_utf8(answer.hit().bytes()).expect("text");
                    let from = |scope: &&str| content(scope, number) == bytes;
                    let scope = FILLED.iter().find(|scope| from(scope)).expect("a scope's");
                    assert!(
                        reads.contains(scope),
                        "{bytes:?} is not of {reads:?}: {}",
                        generated.module
                    );
                }
            }
        }
        let ending = helper.ending();
        let refused = matches!(generated.opens, Opens::RefusesSettings);
        assert_eq!(
            ending.status.code(),
            Some(if refused { 2 } else { 0 }),
            "{ending:?}"
        );
        assert!(ending.unanswered.is_empty(), "{ending:?}");
        assert!(ending.stderr.lines().count() < 50, "{ending:?}");
        let obeyed = |character: char| character.is_control() && character != '\n';
        assert!(!ending.stderr.contains(obeyed), "{ending:?}");

        let after = listing(&sandbox.store().join("scopes"));
        for (path, file) in &after {
            if before.get(path) == Some(file) {
                continue;
            }
            let way = path
                .strip_prefix(sandbox.store().join("scopes"))
                .expect("below it");
            let folder = way
                .iter()
                .next()
                .and_then(|name| name.to_str())
                .expect("a scope");
            assert_eq!(
                Some(folder),
                writes.map(folder_of),
                "{}: {}",
                path.display(),
                generated.module
            );
            let entry = entries_at(path);
            let number = (0..ACTIONS)
                .find(|number| asked(*number) == entry.0)
                .expect("an action");
            assert!(own.contains_key(&number), "it was put");
        }
        assert!(
            before.keys().all(|path| after.contains_key(path)),
            "nothing is removed"
        );
        assert!(!sandbox.path("escape").exists() && !sandbox.store().join("escape").exists());
        audit(&sandbox.store()).whole();
        round.count("answers checked", answers);
    });
}

fn asked(number: usize) -> Digest {
    action(&format!("asked {number}"))
}

fn content(scope: &str, number: usize) -> String {
    format!("{number} of {scope}")
}

/// An entry's action and its output.
fn entries_at(path: &Path) -> (Digest, Digest) {
    let line = fs::read_to_string(path).expect("an entry");
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    (
        from_hex(name),
        from_hex(line.split(' ').nth(1).expect("an output")),
    )
}

/// A scope's folder by the documented layout.
fn folder_of(scope: &str) -> &str {
    match scope {
        "Main" => "!main",
        "MAIN" => "!m!a!i!n",
        "con" => "!-con",
        plain => plain,
    }
}

/// What a session may read and write in the end: all of the grant, or nothing.
fn access(
    opens: &Opens,
    readable: &[&str],
    writable: &[&str],
) -> (Vec<&'static str>, Option<&'static str>) {
    let allows = |patterns: &[&str], scope: &str| {
        patterns.is_empty()
            || patterns
                .iter()
                .any(|pattern| match pattern.strip_suffix('*') {
                    Some(beginning) => scope.starts_with(beginning),
                    None => *pattern == scope,
                })
    };
    let valid = |name: &usize| {
        // The first eight can be scopes.
        (*name < 8).then(|| std::str::from_utf8(NAMES[*name]).expect("text"))
    };
    match opens {
        Opens::Default => {
            let clip = |patterns: &[&str]| allows(patterns, "main").then_some("main");
            (clip(readable).into_iter().collect(), clip(writable))
        }
        Opens::Grant { write, read } => {
            let reads: Option<Vec<_>> = read
                .iter()
                .map(|name| valid(name).filter(|scope| allows(readable, scope)))
                .collect();
            let writes = match write {
                None => Some(None),
                Some(name) => valid(name)
                    .filter(|scope| allows(writable, scope))
                    .map(Some),
            };
            match (reads, writes) {
                (Some(reads), Some(writes)) => (reads, writes),
                _ => (Vec::new(), None),
            }
        }
        Opens::RefusesSettings | Opens::Nothing => (Vec::new(), None),
    }
}
