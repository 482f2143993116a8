//! Logs 4 MB so many times in one `put`, in a line without a loop or a function of its own, where no WebAssembly looks at the clock. Must: what it hands over is counted for the question, and the put is the session's alone.

pub(in crate::hostile) fn policy(calls: usize) -> Vec<u8> {
    let call = "(call $log (i32.const 1) (i32.const 0) (i32.const 4000000))";
    let calls = call.repeat(calls);
    format!(
        r#"(module
        (import "cachewarden:policy/host@0.2.0" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 64)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "put")
          (param i64 i64 i64 i64) (param i64 i64 i64 i64) (param i64) (param i32 i32 i32) (result i32)
          {calls}
          (i32.const 2)))"#
    )
    .into_bytes()
}
