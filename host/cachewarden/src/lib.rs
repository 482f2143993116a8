//! cachewarden: a GOCACHEPROG helper that asks a sandboxed WebAssembly policy about every get and
//! put.
//!
//! A request goes one way, and each part has one owner, a crate of its own beside this one:
//!
//! ```text
//! stdin -> protocol -> session -> store (entries, objects)
//!                              -> content (kind, facts)
//!                              -> policy (verdicts)
//!                              -> recording, notices
//! ```
//!
//! `protocol` knows bytes and messages and nothing of caches; `store` knows files and nothing of
//! policies; `policy` is the only crate that names wasmtime; `session` is the only one that knows
//! all three. This crate is the program: `cli` turns a command line into one of them.

#![deny(unsafe_code)]

pub mod cli;
