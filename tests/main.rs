//! The whole program, tested from outside: the real binary, real go commands, real WebAssembly,
//! real files.
//!
//! One file a theme. What always holds: each test has a store, a home and a GOCACHE of its own in
//! one temporary folder, every process has a bound, and every helper's stdout is checked to be
//! valid protocol to the last byte.

mod support;

mod any_policy;
mod bases;
mod build_ids;
mod chain;
mod command_line;
mod compiled_code;
mod completions;
mod conformance;
mod costs;
mod daemon;
mod end_to_end;
mod failures;
mod faults;
mod go_versions;
mod grants;
mod guests;
mod hostile;
mod housekeeping;
mod knowledge;
mod malformed;
mod model;
mod mtimes;
mod named_policies;
mod odd_setups;
mod operator;
mod pages;
mod parked;
mod poison;
mod policy;
mod policy_faults;
mod policy_loading;
mod policy_verbs;
mod private_folder;
mod programs;
mod progress;
mod protocol;
mod recent;
mod recording;
mod regressions;
mod remote;
mod reports;
mod roles;
mod setup;
mod shared_store;
mod sharing;
mod stats;
mod store;
mod streaming;
mod surprises;
mod trim_limits;
mod trim_obstacles;
mod trimming;
mod unwritable;
mod verify;
mod verify_beside_others;
mod waiting;
