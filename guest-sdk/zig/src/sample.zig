//! Drawing a sample without randomness.

const std = @import("std");
const Digest = @import("object.zig").Digest;

/// Selects one action in N, the same ones each time that a session is replayed. A policy has no randomness of its own;
/// the seed lets different sessions draw different actions.
pub const Sample = struct {
    /// How many actions there are to one that is drawn; 0 draws none.
    one_in: u32 = 0,
    /// The session's.
    seed: u64 = 0,

    /// Whether this action is drawn.
    pub fn takes(sample: Sample, action: Digest) bool {
        return sample.one_in != 0 and mix(action.words[0] ^ sample.seed) % sample.one_in == 0;
    }
};

/// Mixes the bits (SplitMix64's last steps). Without it, the same actions would be drawn together in
/// one session after the other.
fn mix(number: u64) u64 {
    var bits = number;
    bits = (bits ^ bits >> 30) *% 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) *% 0x94d049bb133111eb;
    return bits ^ bits >> 31;
}

test "about one in so many is taken and seeds draw apart" {
    const one: Sample = .{ .one_in = 10, .seed = 0x5eed };
    const other: Sample = .{ .one_in = 10, .seed = 0xbead };
    var drawn: usize = 0;
    var both: usize = 0;
    for (1..10_001) |word| {
        const action: Digest = .{ .words = .{ word, 0, 0, 0 } };
        if (!one.takes(action)) continue;
        drawn += 1;
        if (other.takes(action)) both += 1;
    }
    try std.testing.expect(drawn > 750 and drawn < 1250);
    try std.testing.expect(both > 60 and both < 140);
    try std.testing.expect(!(Sample{}).takes(.{}));
}
