//! What WebAssembly a policy may use: each feature that is off is refused with its name, and what
//! is on is compiled.

use std::sync::Arc;

use crate::limits::Limits;
use crate::sandbox::Sandbox;

const GET: &str = r#"(func (export "get") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32) (result i32)"#;
const PUT: &str = r#"(func (export "put") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) (i32.const 2))"#;

fn compile(sandbox: &Arc<Sandbox>, bytes: impl Into<Vec<u8>>) -> Result<(), String> {
    let policy = sandbox.compile_in_process("policy.wat", bytes.into(), Limits::default());
    policy
        .map(drop)
        .map_err(|error| cachewarden_types::with_causes(&error))
}

#[test]
fn a_feature_that_no_policy_needs_is_off() {
    let sandbox = Sandbox::start().unwrap();
    let get = |before: &str, body: &str| format!("(module {before} {GET} {body}))");
    let put = |before: &str| format!("(module {before} {PUT})");
    let add128 =
        "(i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)) drop i32.wrap_i64";
    let relaxed = "(i32x4.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0)))";
    for (text, reason) in [
        (
            get("(memory 1)", "(i32.atomic.rmw.add (i32.const 0) (i32.const 0))"),
            "threads support is not enabled",
        ),
        (put("(memory 1 1 shared)"), "threads must be enabled"),
        (put("(memory i64 1)"), "memory64 must be enabled"),
        (put("(table i64 1 funcref)"), "memory64 must be enabled"),
        (
            get(
                "(type $point (struct (field i32) (field i32)))",
                "(struct.get $point 0 (struct.new_default $point))",
            ),
            "without the gc feature",
        ),
        (
            get(
                "(type $verdict (func (result i32))) (func $hit (type $verdict) (i32.const 0)) (elem declare func $hit)",
                "(call_ref $verdict (ref.func $hit))",
            ),
            "function references support is not enabled",
        ),
        (put("(table 1 externref)"), "gc types are disallowed"),
        (
            get("(tag $oops)", "(throw $oops)"),
            "exceptions proposal not enabled",
        ),
        (get("", relaxed), "relaxed SIMD support is not enabled"),
        (
            put("(memory 1 (pagesize 1))"),
            "custom page sizes proposal must be enabled",
        ),
        (get("", add128), "wide arithmetic support is not enabled"),
        (
            put("(type $function (func)) (type $continuation (cont $function))"),
            "stack switching is disabled",
        ),
        (
            r#"(component
                (core module $module
                  (func (export "close") (result i32) (i32.const 0))
                  (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
                (core instance $instance (instantiate $module))
                (func (export "close") async
                  (canon lift (core func $instance "close") async (callback (core func $instance "callback")))))"#
                .to_owned(),
            "component model async feature",
        ),
    ] {
        let error = compile(&sandbox, text.as_str()).expect_err(&text);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

/// The text format no longer has them: a function whose body is `try`, `catch_all`, `end`.
#[test]
fn exceptions_of_the_older_form_are_off() {
    let sandbox = Sandbox::start().unwrap();
    let module = wat::parse_str(format!("(module {PUT} (func nop nop nop nop))")).unwrap();
    let body = [1, 1, 1, 1, 0x0b];
    let position = module.windows(body.len()).position(|bytes| bytes == body);
    let position = position.expect("the body of the last function");
    let mut changed = module.clone();
    changed[position..position + 4].copy_from_slice(&[0x06, 0x40, 0x19, 0x0b]);
    compile(&sandbox, module).unwrap();
    let error = compile(&sandbox, changed).unwrap_err();
    assert!(error.contains("legacy_exceptions"), "{error}");
}

#[test]
fn what_compilers_emit_by_default_is_on() {
    let sandbox = Sandbox::start().unwrap();
    let text = include_str!("../../../../tests/hostile/shape/features_that_are_on.wat");
    compile(&sandbox, text).unwrap();
}
