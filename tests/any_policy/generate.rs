//! Policies that are made up: their grants and verdicts are in tables, some of it nonsense.

/// What a policy may name: those, and what is no scope or an empty one.
pub(super) const NAMES: [&[u8]; 16] = [
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

/// A policy and its grant.
pub(super) struct Generated {
    pub(super) module: String,
    /// What its `open` comes to.
    pub(super) opens: Opens,
}

pub(super) enum Opens {
    /// No `open`.
    Default,
    Grant {
        write: Option<usize>,
        read: Vec<usize>,
    },
    RefusesSettings,
    /// A refusal of the session, or nonsense.
    Nothing,
}

/// A policy whose verdicts come from tables, one after the other whatever it is asked.
pub(super) fn generate(chance: &mut fastrand::Rng) -> Generated {
    // Some names that can be scopes: else hardly a grant would be used.
    let nonsense = chance.u8(..5) == 0;
    let name = |chance: &mut fastrand::Rng| chance.usize(..if nonsense { NAMES.len() } else { 7 });
    let write = chance.bool().then(|| name(chance));
    let read: Vec<usize> = (0..chance.usize(..5)).map(|_| name(chance)).collect();
    let mut opens = Opens::Grant {
        write,
        read: read.clone(),
    };
    // result<grant, refusal>: the discriminants, pointers and lengths of the canonical ABI, as
    // wasm32 has them.
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
        exports.push(format!("(func (export \"get\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32) (result i32) (local $turn i32) {})", verdicts(chance, 5)));
    }
    if chance.u8(..6) > 0 || exports.is_empty() {
        exports.push(format!("(func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) (local $turn i32) {})", verdicts(chance, 3)));
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
