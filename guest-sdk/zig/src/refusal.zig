//! Why `open` returns no grant. Zig's errors carry no text, so the text is kept here.

const memory = @import("memory.zig");

var reason: []const u8 = "";

/// The settings are invalid: the go command stops with this text, as after a mistyped option. Say which field, and what was
/// expected:
///
/// ```
/// if (settings.days > 30) return cachewarden.refuseSettings("`days`: expected at most 30, found {d}", .{settings.days});
/// ```
pub fn refuseSettings(comptime template: []const u8, arguments: anytype) error{SettingsRefused} {
    reason = memory.format(template, arguments);
    return error.SettingsRefused;
}

/// This session may not use the cache: every get is a miss, nothing is stored beyond the session, the build works. The text is
/// printed:
///
/// ```
/// const user = session.verifiedLabel("user") orelse
///     return cachewarden.refuseSession("nobody knows whose build this is", .{});
/// ```
pub fn refuseSession(comptime template: []const u8, arguments: anytype) error{SessionRefused} {
    reason = memory.format(template, arguments);
    return error.SessionRefused;
}

/// The text of the last refusal; for a policy's tests.
pub fn refusal() []const u8 {
    return reason;
}
