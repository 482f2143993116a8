//! Is a small policy that ends too early, after each of its bytes in turn. Must: the helper does not start, or a whole section was missing that nobody needs; never anything else.

/// Each beginning of a policy.
pub(in crate::hostile) fn policies(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..whole.len()).map(|length| &whole[..length])
}
