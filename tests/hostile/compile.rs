//! Policies that are made to keep the compiler busy, or to fill its memory. Here small enough to be
//! tried each time; the largest ones are tried by `soak`.

pub(super) mod custom_sections;
pub(super) mod deep_blocks;
pub(super) mod deep_text;
pub(super) mod giant_function;
pub(super) mod huge_br_table;
pub(super) mod instances_nested;
pub(super) mod many_functions;
pub(super) mod many_types;
pub(super) mod nested_components;
pub(super) mod nested_types;

use super::corpus;

corpus! { "compile":
    many_functions.rs => |source| {
        source.trial_of("10,000", &many_functions::policy(10_000)).built().works();
    },
    giant_function.rs => |source| {
        source.trial_of("100,000", &giant_function::policy(100_000)).works();
    },
    deep_blocks.rs => |source| source.trial_of("1,000", &deep_blocks::policy(1_000)).works(),
    deep_text.rs => |source| source.trial_of("1,000", &deep_text::policy(1_000)).works(),
    huge_br_table.rs => |source| {
        source.trial_of("60,000", &huge_br_table::policy(1, 60_000)).works();
        source.trial_of("100,000", &huge_br_table::policy(1, 100_000))
            .must_be_refused(&["100000 targets"]);
    },
    instances_nested.rs => |source| {
        source.trial_of("10 each", &instances_nested::policy(10)).must_be_refused(&["1000 instances"]);
        source.trial_of("100 each", &instances_nested::policy(100)).must_be_refused(&["1000 instances"]);
    },
    many_types.rs => |source| {
        source.trial_of("1,000", &many_types::policy(1_000)).works();
        source.trial_of("1,000,001", &many_types::policy(1_000_001)).must_be_refused(&["exceeds"]);
    },
    custom_sections.rs => |source| {
        source.trial_of("32", &custom_sections::policy(32)).works();
        source.trial_of("64", &custom_sections::policy(64)).must_be_refused(&["48 MiB"]);
    },
    nested_components.rs => |source| {
        source.trial_of("1,000", &nested_components::policy(1_000)).works();
        source.trial_of("20,000", &nested_components::policy(20_000))
            .must_be_refused(&["more than 1024 MiB of memory"]);
    },
    nested_types.rs => |source| {
        source.trial_of("40", &nested_types::policy(40)).built().must_be_refused(&["exceeds"]);
    },
}
