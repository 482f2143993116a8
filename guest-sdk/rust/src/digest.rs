//! SHA-256 digests, which name actions and objects.

use core::fmt;

/// A SHA-256 digest: the name of an action or of an object. Shown as 64 hexadecimal digits.
///
/// ```
/// use cachewarden_policy::Digest;
///
/// let digest = Digest::from_words([0x0123456789abcdef, 0, 0, 0xff]);
/// assert_eq!(
///     digest.to_string(),
///     "0123456789abcdef0000000000000000000000000000000000000000000000ff",
/// );
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u64; 4]);

impl Digest {
    /// The digest whose 32 bytes are these four words, each in big-endian order.
    ///
    /// ```
    /// use cachewarden_policy::Digest;
    ///
    /// assert!(Digest::from_words([1, 0, 0, 0]) > Digest::from_words([0, 9, 9, 9]));
    /// ```
    pub const fn from_words(words: [u64; 4]) -> Self {
        Self(words)
    }

    /// The digest as four big-endian words. Of a real action, each is as good as a random number.
    ///
    /// ```
    /// use cachewarden_policy::Digest;
    ///
    /// assert_eq!(Digest::from_words([1, 2, 3, 4]).words(), [1, 2, 3, 4]);
    /// ```
    pub const fn words(&self) -> [u64; 4] {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(formatter, "{a:016x}{b:016x}{c:016x}{d:016x}")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
