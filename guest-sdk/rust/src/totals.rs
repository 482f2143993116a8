//! The totals of a session.

/// The totals of a session, for [`Policy::close`](crate::Policy::close).
///
/// ```
/// use cachewarden_policy::Totals;
///
/// let totals = Totals { gets: 10, hits: 8, refused_gets: 1, ..Totals::default() };
/// assert_eq!(totals.gets - totals.hits, 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gets that the build asked.
    pub gets: u64,
    /// Gets that were answered with an object.
    pub hits: u64,
    /// Gets that had a candidate and became a miss by the policy.
    pub refused_gets: u64,
    /// Puts that the build asked.
    pub puts: u64,
    /// Puts that were ephemeral.
    pub refused_puts: u64,
    /// Bytes of all puts.
    pub bytes_put: u64,
    /// Audits whose rebuilt object had other bytes.
    pub diverged: u64,
}
