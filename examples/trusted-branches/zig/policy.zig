//! Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
//! nothing a pull request makes reaches a trusted build.

const std = @import("std");
const cachewarden = @import("cachewarden");

const Settings = struct {
    /// The label that names the ref being built.
    label: []const u8 = "GITHUB_REF",
    /// The refs whose builds may write `main`.
    trusted: []const []const u8 = &.{ "refs/heads/main", "refs/heads/master" },
};

var settings: Settings = .{};

fn open(session: cachewarden.Session) !cachewarden.Grant {
    const ref = session.label(settings.label) orelse return .init(.{ .read = &.{"main"} });
    if (cachewarden.matches(settings.trusted, ref.value)) {
        return .init(.{ .write = "main", .read = &.{"main"} });
    }
    const own = cachewarden.format("ref-{s}", .{ref.scope});
    return .init(.{ .write = own, .read = &.{ own, "main" } });
}

pub const policy = cachewarden.policy(.{ .settings = &settings, .open = open });

test "what each build is granted" {
    const Case = struct {
        name: []const u8 = "GITHUB_REF",
        value: []const u8,
        settings: []const u8 = "{}",
        write: ?[]const u8,
        read: []const []const u8,
    };
    for ([_]Case{
        .{ .value = "refs/heads/main", .write = "main", .read = &.{"main"} },
        .{ .value = "refs/heads/master", .write = "main", .read = &.{"main"} },
        .{ .value = "refs/pull/17/merge", .write = "ref-17", .read = &.{ "ref-17", "main" } },
        .{ .name = "GITHUB_HEAD_REF", .value = "refs/heads/main", .write = null, .read = &.{"main"} },
        .{
            .name = "BRANCH",
            .value = "release/1.2/fixes",
            .settings = "{\"label\": \"BRANCH\", \"trusted\": [\"trunk\", \"release/*\"]}",
            .write = "main",
            .read = &.{"main"},
        },
    }) |case| {
        const label: cachewarden.Label = .{ .name = case.name, .value = case.value, .scope = "17" };
        const grant = try policy.open(.{ .labels = &.{label}, .settings = case.settings });
        try std.testing.expectEqualDeep(case.write, grant.write);
        try std.testing.expectEqualDeep(case.read, grant.read());
    }
}

test "wrong settings are refused by name" {
    try std.testing.expectError(error.SettingsRefused, policy.open(.{ .settings = "{\"trust\": []}" }));
    const expected = "unknown field `trust`, expected one of `label`, `trusted`";
    try std.testing.expectEqualStrings(expected, cachewarden.refusal());
}
