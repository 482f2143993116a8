//! What a session may do with the cache.

const std = @import("std");
const memory = @import("memory.zig");
const Kind = @import("words.zig").Kind;
const Session = @import("session.zig").Session;

/// What a session may do. A scope's name is 1 to 96 of `[A-Za-z0-9._-]` without a dot at either end. A grant with any other
/// name, or outside what the operator allows, gives the session nothing; the host says so.
///
/// It is made by `init`, which copies what it is given: that may go.
pub const Grant = struct {
    /// Where the session's puts go; null: nothing is stored beyond the session.
    write: ?[]const u8,
    /// Where its gets look; `read` gives them as a slice. To read a scope is to trust everybody who may write it.
    scopes: Scopes,
    /// Seconds until the session's entries expire; 0: as long as the store keeps it.
    lifetime: u32,
    /// The kinds that are used only if a grant names them; today that is `.executable`, for programs that were put.
    admit: []const Kind,

    /// The most scopes that a session may read.
    pub const most_scopes = 64;

    // No slice: one of a temporary list would be gone when `open` has returned.
    const Scopes = struct { names: [most_scopes][]const u8, count: usize };

    /// What `init` makes a grant of. All of it left out, the session writes and reads nothing.
    pub const Options = struct {
        /// Where puts go; null: nothing is stored beyond the session.
        write: ?[]const u8 = null,
        /// Where gets look, in this order. To read a scope is to trust everybody who may write it. The write scope is not
        /// among them by itself. More than `most_scopes` are a panic.
        read: []const []const u8 = &.{},
        /// Seconds until the session's entries expire; 0: as long as the store keeps it.
        lifetime: u32 = 0,
        /// The kinds that are used only if a grant names them; today that is `.executable`, for programs that were put.
        admit: []const Kind = &.{},
    };

    /// A grant of this; `.init(.{})` is one of nothing.
    pub fn init(options: Options) Grant {
        if (options.read.len > most_scopes)
            std.debug.panic("a grant reads at most {d} scopes, not {d}", .{ most_scopes, options.read.len });
        var grant: Grant = .{
            .write = if (options.write) |scope| memory.copyOf(u8, scope) else null,
            .scopes = .{ .names = undefined, .count = options.read.len },
            .lifetime = options.lifetime,
            .admit = memory.copyOf(Kind, options.admit),
        };
        for (options.read, grant.scopes.names[0..options.read.len]) |scope, *name| name.* = memory.copyOf(u8, scope);
        return grant;
    }

    /// What a session without a policy has: it writes and reads its default scope.
    pub fn defaultFor(session: Session) Grant {
        const scope = session.defaultScope();
        return .init(.{ .write = scope, .read = &.{scope} });
    }

    /// Where the session's gets look, in order.
    pub fn read(grant: *const Grant) []const []const u8 {
        return grant.scopes.names[0..grant.scopes.count];
    }
};

test "a grant keeps what it was made of" {
    var own = "ref-1".*;
    const grant: Grant = .init(.{ .write = &own, .read = &.{ &own, "main" }, .lifetime = 60, .admit = &.{.executable} });
    own = "ref-2".*;
    try std.testing.expectEqualStrings("ref-1", grant.write.?);
    try std.testing.expectEqualDeep(@as([]const []const u8, &.{ "ref-1", "main" }), grant.read());
    try std.testing.expectEqual(60, grant.lifetime);
    try std.testing.expectEqualDeep(@as([]const Kind, &.{.executable}), grant.admit);
}
