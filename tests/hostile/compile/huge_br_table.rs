//! Branches through tables of so many targets, again and again. Must: bounded memory and time: it is compiled, or refused with the limit that it met.

use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, TypeSection, ValType};

use super::super::parts;

pub(in crate::hostile) fn policy(tables: u32, targets: usize) -> Vec<u8> {
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    types.ty().function([ValType::I32], []);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    functions.function(1);
    let mut body = Function::new([]);
    let depths: Vec<u32> = (0..targets as u32).map(|target| target % 3).collect();
    for _ in 0..tables {
        for _ in 0..3 {
            body.instructions().block(BlockType::Empty);
        }
        body.instructions()
            .local_get(0)
            .br_table(depths.iter().copied(), 0);
        for _ in 0..3 {
            body.instructions().end();
        }
    }
    body.instructions().end();
    code.function(&body);
    parts::module(&types, &functions, None, &code)
}
