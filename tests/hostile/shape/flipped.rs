//! Is a small policy of which one bit has changed, each of its bytes in turn. Must: the helper does not start, or what came out is a policy too; never anything else.

/// Each policy that differs in a bit of one byte; which bit goes round with the byte's place.
pub(in crate::hostile) fn policies(whole: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..whole.len()).map(|place| {
        let mut policy = whole.to_vec();
        policy[place] ^= 1 << (place % 8);
        policy
    })
}
