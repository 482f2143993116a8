//! Has one function of so many instructions, all of whose values live to its end. Must: bounded memory and time: it is compiled, or refused with the limit that it met.

use wasm_encoder::{CodeSection, Function, FunctionSection, TypeSection, ValType};

use super::super::parts;

/// Locals that all of its instructions mix.
const LOCALS: u32 = 1_000;

pub(in crate::hostile) fn policy(instructions: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    types.ty().function([], [ValType::I64]);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    functions.function(1);
    let mut body = Function::new([(LOCALS, ValType::I64)]);
    for number in 0..instructions / 5 {
        let (one, other) = (number.wrapping_mul(2_654_435_761) % LOCALS, number % LOCALS);
        body.instructions()
            .local_get(one)
            .local_get(other)
            .i64_add()
            .i64_const(7)
            .i64_rotl()
            .local_set(other);
    }
    for local in 1..LOCALS {
        body.instructions()
            .local_get(0)
            .local_get(local)
            .i64_add()
            .local_set(0);
    }
    body.instructions().local_get(0).end();
    code.function(&body);
    parts::module(&types, &functions, None, &code)
}
