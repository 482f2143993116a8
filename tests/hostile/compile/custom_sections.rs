//! Carries so many MiB of custom sections, which nobody reads. Must: what is larger than any policy is refused unread; the rest works.

use std::borrow::Cow;

use wasm_encoder::{CodeSection, CustomSection, Encode, FunctionSection, Section, TypeSection};

use super::super::parts;

pub(in crate::hostile) fn policy(mebibytes: usize) -> Vec<u8> {
    let mut types = TypeSection::new();
    parts::add_put_type(&mut types);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    parts::add_put(&mut functions, &mut code);
    let mut module = parts::module(&types, &functions, None, &code);
    let ballast = vec![0xaa; 1 << 20];
    for _ in 0..mebibytes {
        let section = CustomSection {
            name: Cow::Borrowed("ballast"),
            data: Cow::Borrowed(&ballast),
        };
        module.push(section.id());
        section.encode(&mut module);
    }
    module
}
