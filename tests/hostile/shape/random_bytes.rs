//! Is random bytes behind the first ones that WebAssembly has. Must: the helper does not start, and says why.

use crate::hostile::chance::Chance;

/// Behind the beginning of a module, of a component, of text, and of nothing.
pub(in crate::hostile) fn policy(chance: &mut Chance) -> Vec<u8> {
    let beginnings: [&[u8]; 4] = [b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0", b"(module ", b""];
    let mut policy = beginnings[chance.below(4)].to_vec();
    let length = chance.below(300);
    policy.extend((0..length).map(|_| chance.byte()));
    policy
}
