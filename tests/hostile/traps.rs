//! Policies that trap: in each call, now and then, half-way, in every way that there is.

use super::corpus;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

corpus! { "traps":
    in_start.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `start`", "unreachable"]);
    },
    in_initialize.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `start`", "unreachable"]);
    },
    in_realloc.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `open`", "unreachable"]);
    },
    in_open.wat => |source| {
        source.trial().built().must_do_without_cache(&["failed in `open`", "unreachable"]);
    },
    in_open_half_way.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `open`", "unreachable"]);
    },
    in_post_return.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `open`", "unreachable"]);
    },
    in_post_return_of_get.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    in_get.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    in_put.wat => |source| source.trial().comes_to(4, false, &["failed in `put`"]),
    in_close.wat => |source| source.trial().comes_to(4, true, &["failed in `close`"]),
    every_second.wat => |source| source.trial().built().comes_to(2, true, &["failed in `get`"]),
    every_seventh.wat => |source| {
        let trial = source.trial();
        let known = asking(HIT, LOCAL, "known");
        trial.sandbox.fill(&[], &[known], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        for number in 1..=700 {
            assert_eq!(helper.get(&known).is_miss(), number % 7 == 0, "get {number}");
        }
        let said = trial.checked(&helper.close(), 40);
        assert!(said.ends_with("writes all of it down\n"), "bounded: {said}");
        trial.record("exit 0, of 700 gets all but 100 are found", &said);
    },
    after_corruption.wat => |source| source.trial().comes_to(0, true, &["unreachable"]),
    kinds.wat => |source| {
        let trial = source.trial();
        let kinds = [
            "unreachable", "divide by zero", "integer overflow", "invalid conversion to integer", "out of bounds memory",
            "out of bounds memory", "table", "table", "uninitialized element", "indirect call type mismatch",
            "call stack exhausted", "out of bounds table",
        ];
        let ask = |kind: usize| {
            let mut action = action("a kind");
            action[2] = kind as u8;
            action
        };
        let actions: Vec<_> = (0..=kinds.len()).map(ask).collect();
        trial.sandbox.fill(&[], &actions, b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        for action in &actions[1..] {
            helper.get(action).miss();
            assert_eq!(helper.get(&actions[0]).hit().bytes(), b"known", "and then it goes on");
        }
        let said = trial.checked(&helper.close(), kinds.len());
        for (line, kind) in said.lines().zip(kinds) {
            assert!(line.contains(kind), "{kind}: {line}");
        }
        trial.record("exit 0, 12 kinds of traps, 12 misses, a hit after each", &said);
    },
    data_too_large.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `start`", "out of bounds memory"]);
    },
    elements_too_many.wat => |source| {
        source.trial().must_do_without_cache(&["failed in `start`", "table"]);
    },
}
