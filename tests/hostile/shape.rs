//! Files that are no policies, nearly are, or were made for somebody else.

pub(super) mod changed_at_random;
pub(super) mod flipped;
mod no_regular_file;
pub(super) mod not_webassembly;
pub(super) mod random_bytes;
pub(super) mod truncated;
pub(super) mod world_of_others;

use std::fs;

use super::bounds::checked;
use super::chance::Chance;
use super::corpus;
use super::parts;
use super::source::Source;
use super::trial::Trial;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

/// Random policies that are tried each time; `soak` tries more.
const ROUNDS: usize = 100;

corpus! { "shape":
    truncated.rs => |source| {
        let whole = parts::smallest();
        let count = any_ending(source, "", truncated::policies(&whole).map(<[u8]>::to_vec));
        let component = component_for(CONTRACT_VERSION, parts::smallest(), PUT);
        let refused = any_ending(source, "a component", truncated::policies(&component).step_by(7).map(<[u8]>::to_vec));
        assert_eq!(count.refused, whole.len(), "no module is whole without its end");
        assert!(refused.refused > 0);
    },
    flipped.rs => |source| {
        let counts = any_ending(source, "", flipped::policies(&parts::smallest()));
        assert!(counts.refused > 0 && counts.started > 0, "{counts:?}");
    },
    random_bytes.rs => |source| {
        let mut chance = Chance::new(1);
        let counts = any_ending(source, "", (0..ROUNDS).map(|_| random_bytes::policy(&mut chance)));
        assert_eq!(counts.refused, ROUNDS);
    },
    changed_at_random.rs => |source| {
        let (mut chance, whole) = (Chance::new(2), component_for(CONTRACT_VERSION, parts::smallest(), PUT));
        let counts = any_ending(source, "", (0..ROUNDS).map(|_| changed_at_random::policy(&whole, &mut chance)));
        assert!(counts.refused > 0, "{counts:?}");
    },
    not_webassembly.rs => |source| {
        for (variant, bytes) in not_webassembly::policies() {
            source.trial_of(variant, &bytes)
                .must_be_refused(&["not_webassembly.wasm", "cannot be loaded"]);
        }
        let program = fs::read(PROGRAM).expect("the program");
        source.trial_of("the program itself", &program[..1 << 20]).must_be_refused(&["native code"]);
        let compiled = Sandbox::new();
        compiled.helper(&["--policy", &policy("as-asked")]).close();
        let code = compiled.files_ending("home", ".cwasm").pop().expect("the compiled policy");
        source.trial_of("a compiled policy", &fs::read(code).expect("its bytes"))
            .must_be_refused(&["neither WebAssembly"]);
    },
    no_regular_file.rs => |source| {
        for (variant, sandbox, path) in no_regular_file::policies() {
            let name = path.rsplit('/').next().expect("a last part").to_owned();
            Trial::at(source, variant, sandbox, path)
                .must_be_refused(&["cannot read the policy", &name]);
        }
    },
    replaced_in_use.wat => |source| {
        let trial = source.trial();
        let known = asking(HIT, LOCAL, "known");
        trial.sandbox.fill(&[], &[known], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        assert_eq!(helper.get(&known).hit().bytes(), b"known");
        let path = trial.sandbox.path("policy/replaced_in_use.wat");
        for other in ["(module (func (export \"get\") unreachable))", "no policy at all", ""] {
            // In place, and by another file of the name.
            fs::write(&path, other).expect("the same file");
            helper.get(&asking(255, 0, "trap")).miss();
            assert_eq!(helper.get(&known).hit().bytes(), b"known", "a fresh instance is of what was loaded");
            let beside = trial.sandbox.file("policy/other", other);
            fs::rename(beside, &path).expect("another file");
            assert_eq!(helper.get(&known).hit().bytes(), b"known");
        }
        fs::remove_file(&path).expect("it can be removed");
        assert_eq!(helper.get(&known).hit().bytes(), b"known");
        let said = trial.checked(&helper.close(), 0);
        trial.record("exit 0, every get is answered by the policy that was loaded", &said);
    },
    other_contract.wat => |source| source.trial().built().must_be_refused(&["0.3.0", "0.2.0"]),
    wrong_core_type.wat => |source| source.trial().must_be_refused(&["wrong_core_type.wat", "put"]),
    wrong_component_type.wat => |source| {
        source.trial().must_be_refused(&["wrong_component_type.wat", "put"]);
    },
    wrong_component_kind.wat => |source| {
        source.trial().must_be_refused(&["wrong_component_kind.wat", "put"]);
    },
    no_memory.wat => |source| source.trial().must_be_refused(&["no_memory.wat", "memory"]),
    no_realloc.wat => |source| source.trial().must_be_refused(&["no_realloc.wat", "realloc"]),
    no_exports.wat => |source| {
        source.trial().must_be_refused(&["no_exports.wat", "it exports `add`", "put: func"]);
    },
    imports_missing.wat => |source| {
        source.trial().must_be_refused(&["imports_missing.wat", "read_file"]);
    },
    imports_missing_preview1.wat => |source| {
        source.trial().must_be_refused(&["imports_missing_preview1.wat", "proc_fork"]);
    },
    imports_memory.wat => |source| source.trial().must_be_refused(&["imports_memory.wat"]),
    imports_adapter.wat => |source| source.trial().must_be_refused(&["imports_adapter.wat"]),
    program.wat => |source| source.trial().must_be_refused(&["build it as a library"]),
    world_garbage.wat => |source| source.trial().must_be_refused(&["world_garbage.wat"]),
    world_of_others.rs => |source| {
        source.trial_of("", &world_of_others::policy())
            .must_be_refused(&["world_of_others.wasm", "close"]);
    },
    features_that_are_on.wat => |source| source.trial().built().works(),
}

/// The world of the smallest policy.
pub(super) const PUT: &str = "package tests:policy; world puts { use cachewarden:policy/types@0.2.0.{offer, reach}; export put: func(offer: offer) -> reach; }";

/// What became of many policies.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) refused: usize,
    pub(super) started: usize,
}

/// Tries each of them: it is refused, or a session with it is as it should be. Only what is the
/// same for all is compared.
#[track_caller]
fn any_ending(
    source: &'static Source,
    variant: &str,
    policies: impl Iterator<Item = Vec<u8>>,
) -> Counts {
    let trial = source.trial_of(variant, b"");
    let mut counts = Counts::default();
    for policy in policies {
        try_once(&trial.sandbox, &policy, &mut counts);
    }
    let Counts { refused, started } = counts;
    trial.record(
        &format!(
            "{} tried: {refused} refused, exit 2; {started} are policies too, exit 0",
            refused + started
        ),
        "",
    );
    counts
}

/// Tries one of many, in one sandbox for all.
#[track_caller]
pub(super) fn try_once(sandbox: &Sandbox, policy: &[u8], counts: &mut Counts) {
    let path = text(sandbox.file("policy/one.wasm", policy));
    let mut helper = sandbox.helper(&["--policy", &path, "--policy-deadline", "20ms"]);
    let request = helper.send_put(&action("any"), b"any");
    let ending = helper.ending();
    let said = checked(&ending.stderr, 3, "one.wasm");
    match ending.status.code() {
        Some(0) => {
            assert!(ending.unanswered.is_empty(), "{}: {said}", hex(policy));
            counts.started += 1;
        }
        Some(2) => {
            assert_eq!(ending.unanswered, [request], "{}: {said}", hex(policy));
            assert!(said.contains("one.wasm"), "{}: {said}", hex(policy));
            counts.refused += 1;
        }
        _ => panic!("{}: {ending:?}", hex(policy)),
    }
}
