//! Uses exceptions of the older form, which the text format no longer has. Must: the helper does not start: it is off.

use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, TypeSection};

use super::super::parts;

pub(in crate::hostile) fn policy() -> Vec<u8> {
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    functions.function(1);
    let mut body = Function::new([]);
    body.instructions()
        .try_(BlockType::Empty)
        .catch_all()
        .end()
        .end();
    code.function(&body);
    parts::module(&types, &functions, None, &code)
}
