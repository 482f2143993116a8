//! Patterns for names, as the command line understands them.

const std = @import("std");

/// Whether any of the patterns matches the whole of `name`. `*` matches any run of characters, the empty one and `/`
/// included; every other character matches itself. No pattern at all matches nothing.
pub fn matches(patterns: []const []const u8, name: []const u8) bool {
    for (patterns) |pattern| if (matchesOne(pattern, name)) return true;
    return false;
}

fn matchesOne(pattern: []const u8, name: []const u8) bool {
    const first = std.mem.findScalar(u8, pattern, '*') orelse return std.mem.eql(u8, pattern, name);
    const last = std.mem.findScalarLast(u8, pattern, '*').?;
    const beginning = pattern[0..first];
    const ending = pattern[last + 1 ..];
    // The two ends of a pattern never share a character of the name.
    if (name.len < beginning.len + ending.len) return false;
    if (!std.mem.startsWith(u8, name, beginning) or !std.mem.endsWith(u8, name, ending)) return false;
    var rest = name[beginning.len .. name.len - ending.len];
    var pieces = std.mem.splitScalar(u8, pattern[first..last], '*');
    // The first place where a piece is found leaves the most room for the pieces after it.
    while (pieces.next()) |piece| {
        const found = std.mem.find(u8, rest, piece) orelse return false;
        rest = rest[found + piece.len ..];
    }
    return true;
}

test "a star is any run of characters" {
    for ([_][2][]const u8{
        .{ "", "" },
        .{ "main", "main" },
        .{ "*", "" },
        .{ "*", "refs/heads/main" },
        .{ "**", "a" },
        .{ "refs/*", "refs/" },
        .{ "refs/*/merge", "refs/pull/17/merge" },
        .{ "*/main", "refs/heads/main" },
        .{ "a*b*c", "a-b-b-c" },
        .{ "a*bc*c", "abcbcc" },
        .{ "*ä*", "bär" },
    }) |pair| if (!matches(pair[0..1], pair[1])) {
        std.log.err("{s} should match {s}", .{ pair[0], pair[1] });
        return error.TestUnexpectedResult;
    };
}

test "everything else is itself and the whole name counts" {
    for ([_][2][]const u8{
        .{ "", "main" },
        .{ "main", "" },
        .{ "main", "Main" },
        .{ "main", "main2" },
        .{ "m?in", "main" },
        .{ "refs/*", "ref" },
        .{ "*/main", "refs/heads/main/fix" },
        .{ "ab*bc", "abc" },
        .{ "a*b*b", "ab" },
    }) |pair| if (matches(pair[0..1], pair[1])) {
        std.log.err("{s} should not match {s}", .{ pair[0], pair[1] });
        return error.TestUnexpectedResult;
    };
    try std.testing.expect(!matches(&.{}, ""));
    try std.testing.expect(matches(&.{ "main", "release/*" }, "release/1"));
}
