//! Whatever a policy answers: the session's protocol is valid, no entry outside the grant's read scopes is ever answered,
//! and nothing outside its write scope is written. The policies are generated, most of them nonsense.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::*;

/// Scopes that hold an entry for every action.
const FILLED: [&str; 6] = ["main", "Main", "pr-1", "pr-2", "con", "other"];

/// What a policy may name: those, and what is no scope or an empty one.
const NAMES: [&[u8]; 16] = [
    b"main",
    b"Main",
    b"pr-1",
    b"pr-2",
    b"con",
    b"other",
    b"new",
    b"MAIN",
    b"",
    b".",
    b"../escape",
    b"pr-1/../main",
    b"main.",
    b"ma\0in",
    b"\xff\xfe",
    b"a-name-of-97-characters-which-is-one-more-than-there-may-be-so-that-it-is-none-012345678901234567",
];

/// What an operator may allow.
const PATTERNS: [&str; 6] = ["*", "main", "pr-*", "new", "nothing", "M*"];

const ACTIONS: usize = 6;

/// A grant, or what stands in its place.
struct Generated {
    module: String,
    /// What `open` gives, if it is a grant; none for nonsense.
    opens: Opens,
}

enum Opens {
    /// No `open`.
    Default,
    Grant {
        write: Option<usize>,
        read: Vec<usize>,
    },
    RefusesSettings,
    Nothing,
}

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

/// A policy whose verdicts come from tables, one after the other whatever it is asked.
fn generate(chance: &mut fastrand::Rng) -> Generated {
    // Some names that can be scopes: else hardly a grant would be used.
    let nonsense = chance.u8(..5) == 0;
    let name = |chance: &mut fastrand::Rng| chance.usize(..if nonsense { NAMES.len() } else { 7 });
    let write = chance.bool().then(|| name(chance));
    let read: Vec<usize> = (0..chance.usize(..5)).map(|_| name(chance)).collect();
    let mut opens = Opens::Grant {
        write,
        read: read.clone(),
    };
    // result<grant, refusal>: the discriminants, pointers and lengths of the canonical ABI, as wasm32 has them.
    let mut memory = vec![0_u8; 4096];
    let mut place = |name: usize| {
        let at = 1024 + 128 * name;
        memory[at..at + NAMES[name].len()].copy_from_slice(NAMES[name]);
        [at as u32, NAMES[name].len() as u32]
    };
    let mut words = vec![0, u32::from(write.is_some())];
    words.extend(write.map_or([0, 0], &mut place));
    words.extend([
        512,
        read.len() as u32,
        chance.choice([0, 60, u32::MAX]).expect("one"),
    ]);
    let list: Vec<u32> = read.iter().flat_map(|name| place(*name)).collect();
    match chance.u8(..30) {
        // Refusals: settings, session.
        0 => {
            let [at, length] = place(6);
            words[..4].copy_from_slice(&[1, 0, at, length]);
            opens = Opens::RefusesSettings;
        }
        1 => {
            let [at, length] = place(6);
            words[..4].copy_from_slice(&[1, 1, at, length]);
            opens = Opens::Nothing;
        }
        // Discriminants that do not exist, a list that lies beyond the memory or is far too long.
        2 => (words[0], opens) = (chance.u32(2..256), Opens::Nothing),
        3 => (words[1], opens) = (chance.u32(2..256), Opens::Nothing),
        4 => (words[4], words[5], opens) = (u32::MAX - 3, 1, Opens::Nothing),
        5 => (words[5], opens) = (chance.u32(1_000_000..), Opens::Nothing),
        _ => {}
    }
    for (at, words) in [(256, words), (512, list)] {
        for (number, word) in words.into_iter().enumerate() {
            memory[at + 4 * number..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }
    let verdicts = |chance: &mut fastrand::Rng, known: u32| -> String {
        // 1000: it traps.
        let verdict = |chance: &mut fastrand::Rng| match chance.u8(..24) {
            0 => chance.u32(..),
            1 => 1000,
            // Mostly the first, which says yes.
            _ => chance.u32(..known + 2).saturating_sub(2),
        };
        let table: Vec<u32> = (0..16).map(|_| verdict(chance)).collect();
        let branches: String = table
            .iter()
            .enumerate()
            .map(|(at, verdict)| {
                format!("(if (i32.eq (local.get $turn) (i32.const {at})) (then (return (call $say (i32.const {})))))", *verdict as i32)
            })
            .collect();
        format!(
            "(local.set $turn (i32.and (global.get $turns) (i32.const 15))) (global.set $turns (i32.add (global.get $turns) (i32.const 1))) {branches} unreachable"
        )
    };
    let data: String = memory.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let mut exports = Vec::new();
    if chance.u8(..6) > 0 {
        exports.push("(func (export \"open\") (param i64 i64 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 256))".to_owned());
    } else {
        opens = Opens::Default;
    }
    if chance.u8(..6) > 0 {
        exports.push(format!("(func (export \"get\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) (local $turn i32) {})", verdicts(chance, 5)));
    }
    if chance.u8(..6) > 0 || exports.is_empty() {
        exports.push(format!("(func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32) (result i32) (local $turn i32) {})", verdicts(chance, 3)));
    }
    if chance.bool() {
        exports.push(format!(
            "(func (export \"close\") (param i64 i64 i64 i64 i64 i64 i64) {})",
            if chance.bool() { "unreachable" } else { "" }
        ));
    }
    let module = format!(
        "(module (memory (export \"memory\") 4) (data (i32.const 0) \"{data}\") (global $turns (mut i32) (i32.const 0))\n\
         (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 65536))\n\
         (func $say (param $verdict i32) (result i32) (if (i32.eq (local.get $verdict) (i32.const 1000)) (then unreachable)) (local.get $verdict))\n\
         {})",
        exports.join("\n")
    );
    Generated { module, opens }
}
