//! Carries a `component-type` section that promises an export which it does not have. Must: the helper does not start; one text names the file.

use super::super::parts;
use crate::support::CONTRACT;

pub(in crate::hostile) fn policy() -> Vec<u8> {
    let mut module = parts::smallest();
    let mut resolve = wit_parser::Resolve::default();
    resolve
        .push_str("contract.wit", CONTRACT)
        .expect("the contract is right");
    let world = "package tests:policy; world lies { use cachewarden:policy/types@0.2.0.{totals}; export close: func(totals: totals); }";
    let package = resolve.push_str("world.wit", world).expect("a right text");
    let world = resolve.select_world(&[package], None).expect("its world");
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding)
        .expect("a section");
    module
}
