//! Has so many functions, each of them tiny. Must: bounded memory and time: it is compiled, or refused with the limit that it met.

use wasm_encoder::{
    CodeSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType, TypeSection,
    ValType,
};

use super::super::parts;

pub(in crate::hostile) fn policy(count: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    types.ty().function([], []);
    let mut globals = GlobalSection::new();
    let changed = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(changed, &ConstExpr::i32_const(0));
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    for number in 0..count {
        functions.function(1);
        let mut body = Function::new([]);
        body.instructions()
            .i32_const(number.cast_signed())
            .global_set(0)
            .end();
        code.function(&body);
    }
    parts::module(&types, &functions, Some(&globals), &code)
}
