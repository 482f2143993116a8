//! Makes so many instances of a component, in which as many are made of another one, in which as many are made of a third. Must: they are counted before anything is compiled, and it is refused.

pub(in crate::hostile) fn policy(each: usize) -> Vec<u8> {
    let made = |name: &str| format!("(instance (instantiate {name}))").repeat(each);
    let (inmost, middle, outer) = (made("$inmost"), made("$middle"), made("$outer"));
    let types = include_str!("../../policies/component.wat");
    let whole = types
        .trim_end()
        .strip_suffix(')')
        .expect("a component's end");
    format!("{whole} (component $outer (component $middle (component $inmost) {inmost}) {middle}) {outer})\n").into_bytes()
}
