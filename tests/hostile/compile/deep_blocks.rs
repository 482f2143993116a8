//! Has blocks, loops and conditions within one another, so many deep. Must: no stack of the host overflows: it is compiled, or refused with the limit that it met.

use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, TypeSection, ValType};

use super::super::parts;

pub(in crate::hostile) fn policy(depth: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    types.ty().function([ValType::I32], []);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    functions.function(1);
    let mut body = Function::new([]);
    for level in 0..depth {
        match level % 3 {
            0 => body.instructions().block(BlockType::Empty),
            1 => body.instructions().loop_(BlockType::Empty),
            _ => body.instructions().local_get(0).if_(BlockType::Empty),
        };
    }
    for _ in 0..=depth {
        body.instructions().end();
    }
    code.function(&body);
    parts::module(&types, &functions, None, &code)
}
