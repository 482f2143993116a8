//! Holds a component in a component in a component, so many deep. Must: no stack of the host overflows: it is compiled within bounded memory and time, or refused with the limit that it met.

use wasm_encoder::{Component, ComponentSection, NestedComponentSection};

use super::super::{parts, shape};
use crate::support::{CONTRACT_VERSION, component_for};

pub(in crate::hostile) fn policy(depth: u32) -> Vec<u8> {
    let mut nested = Component::new();
    for _ in 1..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&nested));
        nested = outer;
    }
    let mut policy = component_for(CONTRACT_VERSION, parts::smallest(), shape::PUT);
    NestedComponentSection(&nested).append_to_component(&mut policy);
    policy
}
