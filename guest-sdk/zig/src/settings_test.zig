//! Settings as an operator writes them, and what is said of wrong ones.

const std = @import("std");
const settings = @import("settings.zig");
const Kind = @import("words.zig").Kind;
const Role = @import("words.zig").Role;
const refusal = @import("refusal.zig").refusal;

const Rule = struct { scope: []const u8 = "" };

const Settings = struct {
    label: []const u8 = "REF",
    trusted: []const []const u8 = &.{ "main", "master" },
    rules: []const Rule = &.{},
    by_scope: std.json.ArrayHashMap(Rule) = .{},
    one_in: u8 = 0,
    largest: u64 = 0,
    limit: ?i8 = 7,
    share: f64 = 0.5,
    strict: bool = false,
    mode: enum { fast, careful } = .fast,
    kinds: []const Kind = &.{},
    role: Role = .unknown,
};

test "settings are read and what is absent keeps its default" {
    const read = try settings.read(Settings,
        \\ { "trusted": ["a*", "\u00e4"], "rules": [{"scope": "x"}, {}], "by_scope": {"any": {"scope": "y"}},
        \\   "one_in": 255, "largest": 18446744073709551615, "limit": null, "share": 1e-1, "strict": true, "mode": "careful",
        \\   "kinds": ["test-record", "kind-4242"], "role": "stdout" }
    );
    try std.testing.expectEqualStrings("REF", read.label);
    try std.testing.expectEqualDeep(@as([]const []const u8, &.{ "a*", "ä" }), read.trusted);
    try std.testing.expectEqualDeep(@as([]const Rule, &.{ .{ .scope = "x" }, .{} }), read.rules);
    try std.testing.expectEqualStrings("y", read.by_scope.map.get("any").?.scope);
    try std.testing.expectEqual(255, read.one_in);
    try std.testing.expectEqual(std.math.maxInt(u64), read.largest);
    try std.testing.expectEqual(null, read.limit);
    try std.testing.expectEqual(0.1, read.share);
    try std.testing.expectEqualDeep(@as([]const Kind, &.{ .test_record, @fromBackingInt(4242) }), read.kinds);
    try std.testing.expectEqual(.stdout, read.role);
    try std.testing.expect(read.strict and read.mode == .careful);
    try std.testing.expectEqualDeep(Settings{}, try settings.read(Settings, "{}"));
}

fn expectRefusal(comptime Type: type, text: []const u8, expected: []const u8) !void {
    try std.testing.expectError(error.SettingsRefused, settings.read(Type, text));
    try std.testing.expectEqualStrings(expected, refusal());
}

test "wrong settings are told by field" {
    for ([_][2][]const u8{
        .{ "{\"label\": 3}", "`label`: expected a text, found a number" },
        .{ "{\"label\": null}", "`label`: expected a text, found null" },
        .{ "{\"label\": [82]}", "`label`: expected a text, found a list" },
        .{ "{\"trusted\": \"main\"}", "`trusted`: expected a list, found a text" },
        .{ "{\"trusted\": [\"a\", 1]}", "`trusted[1]`: expected a text, found a number" },
        .{ "{\"one_in\": -1}", "`one_in`: expected a whole number from 0 to 255, found -1" },
        .{ "{\"one_in\": 256}", "`one_in`: expected a whole number from 0 to 255, found 256" },
        .{ "{\"one_in\": 1.5}", "`one_in`: expected a whole number from 0 to 255, found 1.5" },
        .{ "{\"one_in\": \"1\"}", "`one_in`: expected a whole number from 0 to 255, found a text" },
        .{ "{\"limit\": true}", "`limit`: expected a whole number from -128 to 127, found true or false" },
        .{ "{\"mode\": \"slow\"}", "`mode`: expected \"fast\" or \"careful\", found \"slow\"" },
        .{ "{\"mode\": 1}", "`mode`: expected \"fast\" or \"careful\", found a number" },
        .{ "{\"rules\": [{\"scop\": \"a\"}]}", "unknown field `rules[0].scop`, expected one of `scope`" },
        .{ "{\"kinds\": [\"empty\", \"archive\"]}", "`kinds[1]`: `archive` is no kind" },
        .{ "{\"kinds\": [2]}", "`kinds[0]`: expected the name of a kind, found a number" },
        .{ "{\"role\": \"kind-1\"}", "`role`: `kind-1` is no role" },
        .{ "{\"by_scope\": []}", "`by_scope`: expected a JSON object, found a list" },
        .{ "[]", "expected a JSON object, found a list" },
    }) |pair| try expectRefusal(Settings, pair[0], pair[1]);
}

test "a field without a default must be there" {
    try expectRefusal(struct { limit: u8 }, "{}", "`limit` is missing: expected a whole number from 0 to 255");
}

test "where there is nothing to set anything is refused" {
    try expectRefusal(struct {}, "{\"trusted\": []}", "unknown field `trusted`: there is nothing to set");
}
