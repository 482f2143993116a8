//! cachewarden: a GOCACHEPROG helper that asks a sandboxed WebAssembly policy about every get and put.
//!
//! A request goes one way, and each part has one owner:
//!
//! ```text
//! stdin -> protocol -> session -> store (entries, objects)
//!                              -> content (kind, facts)
//!                              -> policy (verdicts)
//!                              -> recording, notices
//! ```
//!
//! `protocol` knows bytes and messages and nothing of caches; `store` knows files and nothing of policies; `policy` is
//! the only module that names wasmtime; `session` is the only one that knows all three. `cli` turns a command line into
//! one of them. `replay` asks a policy the questions of a recording again.

// One place is excepted, with its reason: where a compiled policy is loaded.
#![deny(unsafe_code)]

mod canonical;
pub mod cli;
pub mod content;
pub mod digest;
#[cfg(test)]
mod fuzz;
pub mod notices;
mod own_process;
mod patience;
pub mod pin;
pub mod policy;
pub mod protocol;
pub mod recording;
pub mod regular_file;
pub mod replay;
pub mod session;
pub mod store;
pub mod wildcard;
