//! What a policy answers, and the totals.

/// The verdict on a get.
pub const Lookup = enum {
    /// Answer with the entry.
    hit,
    /// Answer with this entry if its object still has the right hash; otherwise search the next scope.
    hit_verified,
    /// Ignore this entry, and search the next scope.
    skip,
    /// Answer with a miss, whatever the next scopes hold: the build makes it again.
    miss,
    /// Answer with a miss, let the build make it again, and compare: the offer that follows is `audited`, and `diverged` where
    /// the bytes differ, which the host also says aloud.
    audit,
};

/// The verdict on a put: how far the object may travel. The operator bounds all of them.
pub const Reach = enum {
    /// Only this session gets it; the build goes on as if it was stored.
    ephemeral,
    /// Stored in the write scope, on this machine.
    local,
    /// Stored, and may be sent to remote tiers.
    shared,
};

/// What happened in a session, counted.
pub const Totals = struct {
    gets: u64 = 0,
    /// Gets that were answered with an object.
    hits: u64 = 0,
    /// Gets that had a candidate and became a miss by the policy.
    refused_gets: u64 = 0,
    puts: u64 = 0,
    /// Puts that were kept for the session alone.
    refused_puts: u64 = 0,
    /// Bytes of all puts.
    bytes_put: u64 = 0,
    /// Audits whose rebuilt object had other bytes.
    diverged: u64 = 0,
};
