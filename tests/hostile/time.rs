//! Policies that take their time.

pub(super) mod each_call_late;
pub(super) mod log_in_a_line;

use super::corpus;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

const TOO_LONG: &[&str] = &[
    "took too long in",
    "--policy-deadline",
    "is off for this session",
];

corpus! { "time":
    start_loops.wat => |source| source.trial().built().in_short().must_do_without_cache(TOO_LONG),
    initialize_loops.wat => |source| source.trial().in_short().must_do_without_cache(TOO_LONG),
    realloc_loops.wat => |source| source.trial().in_short().must_do_without_cache(TOO_LONG),
    post_return_loops.wat => |source| source.trial().in_short().must_do_without_cache(TOO_LONG),
    open_loops.wat => |source| source.trial().in_short().must_do_without_cache(TOO_LONG),
    get_loops.wat => |source| {
        source.trial().built().in_short()
            .comes_to(0, false, &["took too long in `get`", "three times in a row"]);
    },
    post_return_of_get_loops.wat => |source| {
        source.trial()
            .in_short()
            .comes_to(0, false, &["took too long in `get`", "three times in a row"]);
    },
    put_loops.wat => |source| {
        source.trial().in_short().comes_to(4, false, &["took too long in `put`"]);
    },
    close_loops.wat => |source| {
        source.trial().in_short().comes_to(4, true, &["took too long in `close`"]);
    },
    recursion.wat => |source| {
        source.trial().comes_to(0, false, &["call stack exhausted", "three times in a row"]);
    },
    below_deadline.wat => |source| {
        let trial = source.trial().with(&["--policy-deadline", "5s", "--policy-budget", "100ms"]);
        let known = asking(HIT, LOCAL, "known");
        trial.sandbox.fill(&[], &[known], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        // However fast this machine is: some time it has used a tenth of a second.
        let spent = (0..10_000).any(|_| helper.get(&known).is_miss());
        assert!(spent, "its time is not without end");
        helper.get(&known).miss();
        let ending = helper.closed();
        trial.time_limits().hold(ending.used, u32::MAX, "below_deadline");
        let said = trial.checked(&ending.stderr, 1);
        assert!(said.contains("--policy-budget"), "{said}");
        // Whether the last call was stopped or just ended is chance.
        trial.record(
            "exit 0, found until the budget is spent, not after; it said that it is off (--policy-budget)",
            "",
        );
    },
    honest_but_slow.wat => |source| {
        let trial = source.trial().built().with(&["--policy-deadline", "500ms"]);
        let (slow, new) = (asking(7, 7, "slow"), asking(7, 7, "new"));
        trial.sandbox.fill(&[], &[slow], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        let throttle = Throttle::over(helper.process());
        for _ in 0..2 {
            assert_eq!(helper.get(&slow).hit().bytes(), b"known");
        }
        helper.put(&new, b"new").kept();
        drop(throttle);
        assert_eq!(helper.close(), "", "it was never stopped");
        assert!(find_entry(&trial.sandbox.store(), "default", &new).is_some());
        trial.works();
    },
    log_in_a_line.rs => |source| {
        source.trial_of("20,000 times", &log_in_a_line::policy(20_000))
            .at_leisure()
            .comes_to(4, false, &["failed in `put`", "too much data"]);
    },
    each_call_late.rs => |source| {
        let late = ["--policy-deadline", "1ns"];
        each_call_late::try_log(source.trial_of("log", &each_call_late::policy_of_log()).with(&late));
        each_call_late::try_all(source.trial_of("WASI preview 2", &each_call_late::policy()).with(&late));
    },
    sleeps_preview1.wat => |source| source.trial().works(),
    sleeps_preview2.wat => |source| source.trial().works(),
    waits_preview2.wat => |source| source.trial().works(),
    slow_on_thousandth.wat => |source| {
        let trial = source.trial().in_short();
        let known = asking(HIT, LOCAL, "known");
        trial.sandbox.fill(&[], &[known], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        for number in 1..=2_500 {
            assert_eq!(helper.get(&known).is_miss(), number % 1_000 == 0, "get {number}");
        }
        let ending = helper.closed();
        trial.time_limits().hold(ending.used, 2, "slow_on_thousandth");
        let said = trial.checked(&ending.stderr, 2);
        assert_eq!(said.matches("took too long in `get`").count(), 2, "{said}");
        trial.record("exit 0, of 2,500 gets all but two are found", &said);
    },
}
