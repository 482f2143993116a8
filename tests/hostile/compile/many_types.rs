//! Has so many types, each another one. Must: bounded memory and time: it is compiled, or refused with the limit that it met.

use wasm_encoder::{CodeSection, FunctionSection, TypeSection, ValType};

use super::super::parts;

pub(in crate::hostile) fn policy(count: u32) -> Vec<u8> {
    let kinds = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    for number in 0..count {
        // The number, written with four digits.
        let parameters = (0..10).map(|digit| kinds[(number >> (2 * digit)) as usize & 3]);
        types.ty().function(parameters, []);
    }
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    parts::module(&types, &functions, None, &code)
}
