//! Imports a type that is twice the one before it, so many times. Must: bounded memory and time: the helper does not start, and says so.

pub(in crate::hostile) fn policy(doublings: u32) -> Vec<u8> {
    let mut text = String::from("(component\n  (type $t0 (tuple u8 u8))\n");
    for number in 1..=doublings {
        let before = number - 1;
        text += &format!("  (type $t{number} (tuple $t{before} $t{before}))\n");
    }
    text += &format!("  (import \"f\" (func (param \"p\" $t{doublings}))))\n");
    text.into_bytes()
}
