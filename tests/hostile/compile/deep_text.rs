//! Is text with so many parentheses within one another. Must: no stack of the host overflows: it is compiled, or refused with the limit that it met.

pub(in crate::hostile) fn policy(depth: usize) -> Vec<u8> {
    let (open, close) = ("(block ".repeat(depth), ")".repeat(depth));
    let put = "(func (export \"put\") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)";
    format!("(module {put} {open}{close} (i32.const 2)))").into_bytes()
}
