//! Policies that want much, say much, and point where nothing is.

pub(super) mod data_huge;
pub(super) mod globals_many;
pub(super) mod instances_many;
pub(super) mod memories_most;

use super::corpus;
use crate::support::lookup::HIT;
use crate::support::reach::LOCAL;
use crate::support::*;

const MEMORY: &[&str] = &["bytes of memory", "--policy-memory"];
const OPEN_FAILED: &[&str] = &["failed in `open`", "is off for this session"];

corpus! { "space":
    memory_huge.wat => |source| source.trial().built().must_do_without_cache(MEMORY),
    memory_grows.wat => |source| source.trial().built().at_leisure().comes_to(0, false, MEMORY),
    memory_copied.wat => |source| {
        source.trial().at_leisure()
            .comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    table_huge.wat => |source| source.trial().must_do_without_cache(&["table elements"]),
    table_grows.wat => |source| source.trial().at_leisure().comes_to(0, false, &["table elements"]),
    memories_many.wat => |source| source.trial().must_do_without_cache(&["memor"]),
    memories_most.rs => |source| {
        let trial = source.trial_of("4", &memories_most::policy(4));
        memories_most::reserves_little(&trial);
        trial.works();
        source.trial_of("5", &memories_most::policy(5)).must_do_without_cache(&["memor"]);
    },
    globals_many.rs => |source| {
        source.trial_of("60 times 200,000", &globals_many::policy(60, 200_000))
            .must_be_refused(&["loading it takes more than", "which every session would take"]);
    },
    bytes_through_wasi.wat => |source| {
        let trial = source.trial().at_leisure();
        let ways = [1, 2, 3].map(|way| asking(way, LOCAL, "way"));
        let honest = asking(HIT, LOCAL, "honest");
        trial.sandbox.fill(&[], &ways, b"known");
        trial.sandbox.fill(&[], &[honest], b"known");
        let mut helper = trial.sandbox.helper(&trial.arguments());
        for way in &ways {
            helper.get(way).miss();
            assert_eq!(helper.get(&honest).hit().bytes(), b"known");
        }
        let said = trial.checked(&helper.close(), 3 + 80);
        assert_eq!(said.matches("too much data").count(), ways.len(), "{said}");
        trial.record("exit 0, each of three ways is a trap, a hit after each", "");
    },
    tables_many.wat => |source| source.trial().must_do_without_cache(&["table"]),
    instances_many.rs => |source| {
        source.trial_of("100 instances", &instances_many::policy(100))
            .must_do_without_cache(&["instance"]);
    },
    data_huge.rs => |source| {
        source.trial_of("16", &data_huge::policy(16)).at_leisure().works();
        source.trial_of("16, and 8 MiB of memory", &data_huge::policy(16))
            .with(&["--policy-memory", "8MiB"])
            .must_do_without_cache(MEMORY);
    },
    strings_two_billion.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    string_four_gib.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    strings_overlapping.wat => |source| {
        source.trial().at_leisure().must_do_without_cache(&["too much data"]);
    },
    answer_unaligned.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    answer_past_end.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    list_past_end.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    list_unaligned.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    string_past_end.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    realloc_past_end.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    realloc_unaligned.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    realloc_overlapping.wat => |source| source.trial().must_do_without_cache(OPEN_FAILED),
    log_flood_of_lines.wat => |source| {
        source.trial().built().at_leisure()
            .comes_to(4, true, &["drown in this", "logged more than is shown"]);
    },
    log_flood_of_bytes.wat => |source| {
        source.trial().at_leisure().comes_to(4, true, &["policy: aaaa", " ..."]);
    },
    log_past_end.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    print_flood.wat => |source| {
        source.trial().at_leisure().comes_to(4, true, &["policy: {", "logged more than is shown"]);
    },
    print_flood_preview2.wat => |source| {
        source.trial().at_leisure().comes_to(4, true, &["policy: aaaa", " ..."]);
    },
    zeroes_without_end.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    resources_without_end.wat => |source| {
        source.trial().at_leisure()
            .comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
    random_without_end.wat => |source| {
        source.trial().comes_to(0, false, &["failed in `get`", "three times in a row"]);
    },
}
