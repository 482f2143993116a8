//! `cachewarden policy ...`: what a policy's author types.

mod bench;
mod cases;
mod projects;

use std::path::Path;

use crate::support::*;

/// Keeps everything on this machine, and says so.
const LOCAL: &str = r#"(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "kept here")
  (func (export "put")
    (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)
    (call $log (i32.const 1) (i32.const 0) (i32.const 9))
    i32.const 1))"#;

const SESSION: &str = r#"{"line":"session","scope":"default"}"#;

#[test]
fn a_policy_is_compiled_ahead_once() {
    let sandbox = Sandbox::new();
    let policy = text(sandbox.file("local.wat", LOCAL));
    sandbox.run(&["policy", "compile", &policy]).succeeded();
    let compiled = sandbox.files_ending("home/.cache/cachewarden-compiled", ".cwasm");
    assert_eq!(compiled.len(), 1);
    let before = identity(&compiled[0]);
    let mut helper = sandbox.helper(&["--policy", &policy]);
    helper.put(&action("x"), b"x").kept();
    helper.close();
    assert_eq!(
        identity(&compiled[0]),
        before,
        "the build found it compiled"
    );
}

#[test]
fn the_contract_is_printed_as_it_is_kept() {
    let sandbox = Sandbox::new();
    let contract = include_str!("../guest-sdk/wit/policy.wit");
    assert_eq!(sandbox.run(&["policy", "wit"]).succeeded().stdout, contract);
    let header = include_str!("../guest-sdk/wit/policy.h");
    assert_eq!(
        sandbox.run(&["policy", "header"]).succeeded().stdout,
        header
    );
}

#[test]
fn the_header_is_enough_to_write_a_policy() {
    let sandbox = Sandbox::new();
    let header = sandbox.run(&["policy", "header"]).succeeded().stdout;
    sandbox.file("policy.h", header);
    sandbox.file("policy.c", include_str!("policies/by_header.c"));
    sandbox.file(
        "Makefile",
        "COMPILE = clang --target=wasm32\n\
         policy.wasm: policy.c policy.h\n\
         \t$(COMPILE) -std=c11 -O2 -Wall -Werror -ffreestanding -nostdlib -Wl,--no-entry -o $@ policy.c\n",
    );
    // The compiler that policies in C are built with, by the name that a Makefile has for it.
    let mut make = sandbox.command(Path::new("make"));
    let tools = tools("c").expect("a C compiler").into_os_string();
    let mut path = tools;
    path.push(":");
    path.push(std::env::var_os("PATH").expect("PATH"));
    let home = std::env::var_os("HOME").unwrap_or_default();
    run_to_its_end(make.env("PATH", path).env("HOME", home)).succeeded();

    let cases = text(sandbox.file("cases.jsonl", include_str!("policies/by_header.jsonl")));
    let policy = text(sandbox.path("policy.wasm"));
    let outcome = sandbox.run(&["policy", "test", &policy, &cases]);
    assert_eq!(
        outcome.succeeded().stdout,
        "3 sessions, 6 questions, 0 differences\n"
    );
}

#[test]
fn a_policy_that_takes_long_to_compile_is_told_of() {
    let sandbox = Sandbox::new();
    // One function of so many instructions that no machine compiles it in the time that it is
    // given.
    let mix = "(local.set $a (i64.rotl (i64.add (local.get $a) (local.get $b)) (i64.const 7)))\n\
               (local.set $b (i64.rotl (i64.add (local.get $b) (local.get $a)) (i64.const 5)))\n";
    let long = format!(
        "(func (export \"long\") (param $a i64) (param $b i64) (result i64)\n{}(local.get $a))",
        mix.repeat(200_000)
    );
    let policy = LOCAL.trim_end().strip_suffix(')').expect("a module");
    let policy = text(sandbox.file("long.wat", format!("{policy}{long})")));
    let cases = text(sandbox.file("cases.jsonl", SESSION));
    for verb in [
        &["compile", &policy][..],
        &["test", &policy, &cases],
        &["bench", &policy],
    ] {
        // Each tries anew: that it took too long is not remembered for a longer time.
        let home = sandbox.folder(&format!("home-of-{}", verb[0]));
        let mut command = sandbox.cachewarden(&["--policy-compile-time", "3s", "policy"]);
        let outcome = run_to_its_end(command.args(verb).env("HOME", home)).exited(2);
        let told = format!(
            "cachewarden: warning[CW0206]: compiling the policy {policy}, once on this machine"
        );
        assert!(
            outcome.stderr.lines().any(|line| line == told),
            "{verb:?}: {}",
            outcome.stderr
        );
    }
}
