//! Asks every function of WASI preview 2 that the engine has for a component, one by one, with what it can lay its hands on, and with handles that it made up for the rest. Must: each fails, or traps, or gives nothing away: what may be answered is listed by name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;
use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
use wit_parser::{Function, Resolve};

use crate::hostile::bounds::MOST_LINES;
use crate::hostile::trial::Trial;
use crate::hostile::wasi::{Call, calls, core_type, engine, is_result, resource_of};
use crate::support::reach::LOCAL;
use crate::support::*;

/// Where an answer goes, and what is allocated for its lists.
const ANSWER: u32 = 1024;

/// Pages of the policy's memory; most of it is only there to be filled.
const PAGES: u32 = 1900;

/// How a policy comes by a handle: whom it asks, with what, and whether the answer may be a failure.
const HANDLES: [(&str, &str, &str, bool); 6] = [
    ("input-stream", "wasi:cli/stdin#get-stdin", "", false),
    ("output-stream", "wasi:cli/stdout#get-stdout", "", false),
    (
        "network",
        "wasi:sockets/instance-network#instance-network",
        "",
        false,
    ),
    (
        "pollable",
        "wasi:clocks/monotonic-clock#subscribe-duration",
        "(i64.const 0)",
        false,
    ),
    (
        "tcp-socket",
        "wasi:sockets/tcp-create-socket#create-tcp-socket",
        "(i32.const 0) (i32.const 1024)",
        true,
    ),
    (
        "udp-socket",
        "wasi:sockets/udp-create-socket#create-udp-socket",
        "(i32.const 0) (i32.const 1024)",
        true,
    ),
];

/// What may be answered. A function that is not here and answers one day is one to look at.
const ANSWERED: [&str; 35] = [
    // Nothing, as `preview2_everything` sees: no variables, arguments, folders, terminals.
    "wasi:cli/environment#get-environment",
    "wasi:cli/environment#get-arguments",
    "wasi:cli/environment#initial-cwd",
    "wasi:cli/terminal-stdin#get-terminal-stdin",
    "wasi:cli/terminal-stdout#get-terminal-stdout",
    "wasi:cli/terminal-stderr#get-terminal-stderr",
    "wasi:filesystem/preopens#get-directories",
    // A handle of no use: its sockets cannot be made, its names not be looked up.
    "wasi:sockets/instance-network#instance-network",
    // An input that is at its end, and an output that is the policy's log.
    "wasi:cli/stdin#get-stdin",
    "wasi:cli/stdout#get-stdout",
    "wasi:cli/stderr#get-stderr",
    "wasi:io/streams#[method]input-stream.subscribe",
    "wasi:io/streams#[method]output-stream.check-write",
    "wasi:io/streams#[method]output-stream.write",
    "wasi:io/streams#[method]output-stream.blocking-write-and-flush",
    "wasi:io/streams#[method]output-stream.flush",
    "wasi:io/streams#[method]output-stream.blocking-flush",
    "wasi:io/streams#[method]output-stream.subscribe",
    "wasi:io/streams#[method]output-stream.write-zeroes",
    "wasi:io/streams#[method]output-stream.blocking-write-zeroes-and-flush",
    "wasi:io/streams#[method]output-stream.splice",
    "wasi:io/streams#[method]output-stream.blocking-splice",
    // A clock that stands, and waiting that is over at once.
    "wasi:clocks/monotonic-clock#now",
    "wasi:clocks/monotonic-clock#resolution",
    "wasi:clocks/monotonic-clock#subscribe-instant",
    "wasi:clocks/monotonic-clock#subscribe-duration",
    "wasi:clocks/wall-clock#now",
    "wasi:clocks/wall-clock#resolution",
    "wasi:io/poll#[method]pollable.ready",
    "wasi:io/poll#[method]pollable.block",
    // Numbers that come of the session's seed.
    "wasi:random/random#get-random-bytes",
    "wasi:random/random#get-random-u64",
    "wasi:random/insecure#get-insecure-random-bytes",
    "wasi:random/insecure#get-insecure-random-u64",
    "wasi:random/insecure-seed#insecure-seed",
];

/// A policy that asks the function whose number is the first byte of the action, and says `hit` where that answers, `miss`
/// where it fails.
pub(in crate::hostile) fn policy() -> Vec<u8> {
    policy_around("", "")
}

/// The same, with something before each call, when its arguments stand ready, and something after it.
pub(in crate::hostile) fn policy_around(before: &str, after: &str) -> Vec<u8> {
    let resolve = engine();
    let calls = calls(&resolve);
    assert!(calls.len() < 255, "a byte numbers them");
    let (mut imports, mut asks, mut chosen) = (String::new(), String::new(), String::new());
    for (number, call) in calls.iter().enumerate() {
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, call.function);
        let types = |types: &[WasmType]| {
            types
                .iter()
                .map(|kind| core_type(*kind))
                .collect::<Vec<_>>()
                .join(" ")
        };
        writeln!(
            imports,
            r#"(import "{}" "{}" (func $f{number} (param {}) (result {})))"#,
            call.module,
            call.function.name,
            types(&signature.params),
            types(&signature.results)
        )
        .expect("text");
        writeln!(
            asks,
            "(func $ask{number} (result i32) {})",
            ask(&resolve, call, (number, before, after), &signature)
        )
        .expect("text");
        writeln!(
            chosen,
            "(if (i32.eq (local.get $wanted) (i32.const {number})) (then (return (call $ask{number}))))"
        )
        .expect("text");
    }
    for (resource, name, arguments, may_fail) in HANDLES {
        let number = calls
            .iter()
            .position(|call| call.name() == name)
            .expect(name);
        let obtained = format!("(call $f{number} {arguments})");
        let body = match may_fail {
            false => obtained,
            true => format!(
                "{obtained} (if (i32.load8_u (i32.const {ANSWER})) (then (return (i32.const 0)))) (i32.load (i32.const {}))",
                ANSWER + 4
            ),
        };
        writeln!(asks, "(func ${resource} (result i32) {body})").expect("text");
    }
    let module = format!(
        r#"(module {imports}
        (memory (export "memory") {PAGES})
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
        {asks}
        (func (export "get")
          (param $action i64) (param i64 i64 i64) (param i64 i64 i64 i64) (param i64 i64) (param i32 i32 i32 i32) (result i32)
          (local $wanted i32)
          (local.set $wanted (i32.wrap_i64 (i64.shr_u (local.get $action) (i64.const 56))))
          {chosen}
          (i32.const 0)))"#
    );
    let mut world = String::from(
        "package tests:policy;\nworld asks {\n  use cachewarden:policy/types@0.2.0.{candidate, lookup};\n",
    );
    let mut modules: Vec<_> = calls.iter().map(|call| &call.module).collect();
    modules.dedup();
    for module in modules {
        writeln!(world, "  import {module};").expect("text");
    }
    world.push_str("  export get: func(candidate: candidate) -> lookup;\n}\n");
    let module = wat::parse_str(&module).expect("the module is right");
    component_with(engine(), CONTRACT_VERSION, module, &world)
}

/// The body of a function that asks another one, and tells whether that failed.
fn ask(
    resolve: &Resolve,
    call: &Call,
    (number, before, after): (usize, &str, &str),
    signature: &WasmSignature,
) -> String {
    assert!(
        !signature.indirect_params,
        "{}: too many parameters",
        call.name()
    );
    let mut arguments = String::new();
    for parameter in &call.function.params {
        if let Some(resource) = resource_of(resolve, &parameter.ty) {
            // One that it cannot have it makes up.
            let known = HANDLES.iter().any(|(known, ..)| *known == resource);
            arguments += &if known {
                format!("(call ${resource}) ")
            } else {
                "(i32.const 1) ".to_owned()
            };
            continue;
        }
        let alone = Function {
            params: vec![parameter.clone()],
            result: None,
            ..call.function.clone()
        };
        for kind in resolve
            .wasm_signature(AbiVariant::GuestImport, &alone)
            .params
        {
            write!(arguments, "({}.const 0) ", core_type(kind)).expect("text");
        }
    }
    if signature.retptr {
        write!(arguments, "(i32.const {ANSWER})").expect("text");
    }
    let failed = is_result(resolve, call.function);
    let asked = format!("(call $f{number} {arguments} {before})");
    let failure = match (failed, signature.retptr, signature.results.len()) {
        (true, true, _) => format!("{asked} (i32.load8_u (i32.const {ANSWER}))"),
        (true, false, _) => asked,
        (false, _, 0) => format!("{asked} (i32.const 0)"),
        (false, ..) => format!("(drop {asked}) (i32.const 0)"),
    };
    // `hit` is 0 and `miss` is 3.
    format!("{failure} (i32.mul (i32.const 3)) {after}")
}

/// Asks for everything in one session, and holds what came of it against the list.
#[track_caller]
pub(super) fn try_all(trial: Trial) {
    let resolve = engine();
    let calls = calls(&resolve);
    let number = |number: usize| u8::try_from(number).expect("a byte numbers them");
    let actions: Vec<_> = (0..calls.len())
        .map(|call| asking(number(call), LOCAL, "call"))
        .collect();
    // Nothing is asked by this one: three traps in a row would be the end.
    let honest = asking(255, LOCAL, "honest");
    trial.sandbox.fill(&[], &actions, b"known");
    trial.sandbox.fill(&[], &[honest], b"known");
    let file = trial.sandbox.path("recording");
    let trial = trial.at_leisure().with(&["--record", &text(file.clone())]);
    let mut helper = trial.sandbox.helper(&trial.arguments());
    for action in &actions {
        let answer = helper.get(action);
        assert!(answer.is_miss() || answer.hit().bytes() == b"known");
        assert_eq!(helper.get(&honest).hit().bytes(), b"known");
    }
    let ending = helper.closed();
    trial
        .time_limits()
        .hold(ending.used, 1, "preview2_each_call");
    trial.checked(&ending.stderr, MOST_LINES);
    let (mut answered, mut failed, mut trapped) = (Vec::new(), 0, 0);
    let lines = recording(&file);
    for (call, action) in calls.iter().zip(&actions) {
        let name = call.name();
        let is_asked = |line: &Value| line["line"] == "get" && line["action"] == hex(action);
        let asked = lines.iter().position(is_asked);
        let asked = asked.unwrap_or_else(|| panic!("{name} was not asked"));
        let next = &lines[asked + 1];
        match (next["line"].as_str(), lines[asked]["verdict"].as_str()) {
            (Some("trap"), _) => {
                let message = next["message"].as_str().expect("a message");
                assert!(is_harmless_trap(&name, message), "{name}: {message}");
                trapped += 1;
            }
            (_, Some("hit")) => answered.push(name),
            (_, Some("miss")) => failed += 1,
            (_, verdict) => panic!("{name}: {verdict:?}"),
        }
    }
    let (may, did): (BTreeSet<&str>, BTreeSet<&str>) = (
        ANSWERED.into_iter().collect(),
        answered.iter().map(String::as_str).collect(),
    );
    assert_eq!(
        did, may,
        "what is answered gives nothing away, each by its reason"
    );
    trial.record(
        &format!(
            "exit 0, {} functions: {} answered, {failed} failed, {trapped} trapped, a hit after each",
            calls.len(),
            answered.len()
        ),
        "",
    );
}

/// Whether a trap says that there is nothing to be had: no such handle, no exit, and no waiting for nothing.
fn is_harmless_trap(name: &str, message: &str) -> bool {
    match name {
        "wasi:cli/exit#exit" | "wasi:cli/exit#exit-with-code" => message.starts_with("Exited with"),
        "wasi:io/poll#poll" => message == "empty poll list",
        _ => message.contains("handle index"),
    }
}
