//! {{name}}: large objects stay on the machine that made them, and so do those that no other machine can use.

const std = @import("std");
const cachewarden = @import("cachewarden");

const Settings = struct {
    /// Objects of more bytes than this stay on the machine.
    largest: u64 = 10_000_000,
};

var settings: Settings = .{};

fn put(offer: cachewarden.Offer) cachewarden.Reach {
    return if (offer.size > settings.largest) .local else offer.kind.defaultReach();
}

pub const policy = cachewarden.policy(.{ .settings = &settings, .put = put });

test "what is large stays here" {
    _ = try policy.open(.{ .settings = "{\"largest\": 1000}" });
    try std.testing.expectEqual(.shared, policy.put(.{ .size = 1000 }));
    try std.testing.expectEqual(.local, policy.put(.{ .size = 1001 }));
    try std.testing.expectEqual(.local, policy.put(.{ .size = 1000, .kind = .test_record }));
}
