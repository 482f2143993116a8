//! Is a component in a component in a component, so many deep. Must: no stack of the host overflows: the helper does not start, and says so.

use wasm_encoder::{Component, NestedComponentSection};

pub(in crate::hostile) fn policy(depth: u32) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    component.finish()
}
