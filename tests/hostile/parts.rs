//! What the generated modules have in common: a `put` that says `shared`, around which a
//! misbehaviour is built.

use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, Module,
    TypeSection, ValType,
};

/// The type of `put`: the first one.
pub(super) fn add_put_type(types: &mut TypeSection) {
    let words: Vec<_> = [ValType::I64; 9]
        .into_iter()
        .chain([ValType::I32; 3])
        .collect();
    types.ty().function(words, [ValType::I32]);
}

/// `put` itself: the first function.
pub(super) fn add_put(functions: &mut FunctionSection, code: &mut CodeSection) {
    functions.function(0);
    let mut body = Function::new([]);
    body.instructions().i32_const(2).end();
    code.function(&body);
}

/// The module of these sections.
pub(super) fn module(
    types: &TypeSection,
    functions: &FunctionSection,
    globals: Option<&GlobalSection>,
    code: &CodeSection,
) -> Vec<u8> {
    let mut exports = ExportSection::new();
    exports.export("put", ExportKind::Func, 0);
    let mut module = Module::new();
    module.section(types).section(functions);
    if let Some(globals) = globals {
        module.section(globals);
    }
    module.section(&exports).section(code);
    module.finish()
}

/// A `put` that says `shared`, and nothing else: the smallest honest policy.
pub(super) fn smallest() -> Vec<u8> {
    let (mut types, mut functions, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        CodeSection::new(),
    );
    add_put_type(&mut types);
    add_put(&mut functions, &mut code);
    module(&types, &functions, None, &code)
}
