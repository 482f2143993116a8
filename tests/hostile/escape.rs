//! Policies that look for a way out: to files, the network, the process, other sessions.

pub(super) mod preview2_each_call;

use super::corpus;
use crate::support::*;

corpus! { "escape":
    preview1_everything.wat => |source| source.trial().works(),
    preview2_everything.wat => |source| source.trial().built().works(),
    preview2_each_call.rs => |source| preview2_each_call::try_all(source.trial_of("", &preview2_each_call::policy())),
    exit_preview1.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    exit_preview2.wat => |source| {
        source.trial().built().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    forged_handle.wat => |source| source.trial().comes_to(0, false, &["failed in `get`", "handle"]),
    http.wat => |source| source.trial().must_be_refused(&["wasi:http/outgoing-handler"]),
    files_preview3.wat => |source| {
        source.trial().must_be_refused(&["wasi:filesystem/preopens@0.3.0"]);
    },
    chance_preview1.wat => |source| {
        let trial = source.trial();
        let (draw, trap) = (asking(0, 0, "draw"), asking(255, 0, "trap"));
        trial.sandbox.fill(&[], &[draw, trap], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        let draws = |helper: &mut Helper| (0..64).map(|_| helper.get(&draw).is_miss()).collect::<Vec<_>>();
        let first = draws(&mut helper);
        helper.get(&trap).miss();
        assert_eq!(draws(&mut helper), first, "a fresh instance draws what the first one drew");
        assert!(first.contains(&true) && first.contains(&false), "and they are random: {first:?}");
        let said = trial.checked(&helper.close(), 1);
        let mut helper = trial.sandbox.helper(&trial.arguments());
        assert_ne!(draws(&mut helper), first, "another session has another seed");
        helper.close();
        trial.record("exit 0, 64 draws, a trap, the same 64 draws; others in another session", &said);
    },
    remembers.wat => |source| {
        let trial = source.trial();
        // In one session after the other: what is compiled and kept must not have changed either.
        for _ in 0..2 {
            let seen = trial.session();
            assert_eq!(seen.hits, 0, "something was left over");
        }
        trial.comes_to(0, false, &["unreachable", "three times in a row"]);
    },
}
