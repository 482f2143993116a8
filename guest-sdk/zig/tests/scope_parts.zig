//! A label of a test has the scope and the hash that the host makes: the cases are those of the host's own tests.

const std = @import("std");
const Label = @import("cachewarden").Label;

test "a label of a test has the scope and the hash that the host makes" {
    const Case = struct { value: []const u8, scope: []const u8, hash: []const u8 };
    const cases = try std.json.parseFromSlice([]const Case, std.testing.allocator, @embedFile("scope-parts.json"), .{});
    defer cases.deinit();
    try std.testing.expect(cases.value.len > 0);
    for (cases.value) |case| {
        const label: Label = .claim("name", case.value);
        try std.testing.expectEqualStrings(case.scope, label.scope);
        try std.testing.expectEqualStrings(case.hash, label.hash);
    }
}
