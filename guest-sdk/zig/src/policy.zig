//! The declaration that hands an author's functions over, and its checks.

const std = @import("std");
const settings = @import("settings.zig");
const Candidate = @import("object.zig").Candidate;
const Grant = @import("grant.zig").Grant;
const Lookup = @import("verdicts.zig").Lookup;
const Offer = @import("object.zig").Offer;
const Reach = @import("verdicts.zig").Reach;
const Session = @import("session.zig").Session;
const Totals = @import("verdicts.zig").Totals;
const memory = @import("memory.zig");

/// Makes a policy of these parts, each of which may be left out. An author writes the functions where the policy differs
/// from plain caching:
///
/// ```
/// pub const policy = cachewarden.policy(.{
///     .settings = &settings, // var settings: Settings = .{};
///     .open = open, //          fn open(session: cachewarden.Session) !cachewarden.Grant
///     .get = get, //            fn get(candidate: cachewarden.Candidate) cachewarden.Lookup
///     .put = put, //            fn put(offer: cachewarden.Offer) cachewarden.Reach
///     .close = close, //        fn close(totals: cachewarden.Totals) void
/// });
/// ```
///
/// - `settings` is a variable of a struct type. Before `open` it is filled from the operator's settings, a JSON object: what
///   is absent gets the type's default. An unknown field, and one of another type, are refused by name. Without it, any is.
/// - `open` is called once, before the first question. Without it: `Grant.defaultFor`. An error gives the session nothing:
///   `refuseSettings` stops the go command, `refuseSession` and any other error let it go on without a cache.
/// - `get` is called for each entry that a get finds in the granted scopes, in their order. What the session put itself is
///   answered without a question. Without it: a hit.
/// - `put` is called for each object that the build puts. Without it: `offer.kind.defaultReach()`.
/// - `close` is called once, after the last answer. Without it: nothing.
///
/// Each may return an error as well (`!cachewarden.Reach`). In `get`, `put` and `close` that ends like a panic: the get is a
/// miss, the put is ephemeral, its name is in the log, and a new instance is opened for what follows.
pub fn policy(comptime parts: anytype) Policy(parts) {
    return .{};
}

/// A policy's questions, as the host asks them; its tests ask them too.
fn Policy(comptime parts: anytype) type {
    const Parts = @TypeOf(parts);
    check(Parts);
    return struct {
        /// Fills the settings from the session's and opens it.
        pub fn open(_: @This(), session: Session) anyerror!Grant {
            memory.beginSession();
            if (@hasField(Parts, "settings")) {
                parts.settings.* = try settings.read(@TypeOf(parts.settings.*), session.settings);
            } else {
                _ = try settings.read(struct {}, session.settings);
            }
            if (!@hasField(Parts, "open")) return .defaultFor(session);
            return parts.open(session);
        }

        /// Asks whether an entry counts.
        pub fn get(_: @This(), candidate: Candidate) Lookup {
            memory.beginQuestion();
            return if (@hasField(Parts, "get")) answered("get", parts.get(candidate)) else .hit;
        }

        /// Asks how far an object may travel.
        pub fn put(_: @This(), offer: Offer) Reach {
            memory.beginQuestion();
            return if (@hasField(Parts, "put")) answered("put", parts.put(offer)) else offer.kind.defaultReach();
        }

        /// Passes the totals of the session.
        pub fn close(_: @This(), totals: Totals) void {
            memory.beginQuestion();
            if (@hasField(Parts, "close")) answered("close", parts.close(totals));
        }

        /// Whether the author wrote this function.
        pub fn has(_: @This(), comptime function: []const u8) bool {
            return @hasField(Parts, function);
        }
    };
}

fn Payload(comptime Answer: type) type {
    return switch (@typeInfo(Answer)) {
        .error_union => |failing| failing.payload,
        else => Answer,
    };
}

fn answered(comptime question: []const u8, answer: anytype) Payload(@TypeOf(answer)) {
    if (@typeInfo(@TypeOf(answer)) != .error_union) return answer;
    return answer catch |failure| std.debug.panic("{s}: error.{t}", .{ question, failure });
}

fn check(comptime Parts: type) void {
    if (@typeInfo(Parts) != .@"struct") @compileError(
        "expected `cachewarden.policy(.{ .open = open, .put = put })`, found a " ++ @typeName(Parts),
    );
    for (@typeInfo(Parts).@"struct".field_names, @typeInfo(Parts).@"struct".field_types) |part, Part| {
        if (std.mem.eql(u8, part, "settings")) {
            checkSettings(Part);
        } else if (std.mem.eql(u8, part, "open")) {
            checkFunction(Part, Session, Grant, "fn open(session: cachewarden.Session) !cachewarden.Grant");
        } else if (std.mem.eql(u8, part, "get")) {
            checkFunction(Part, Candidate, Lookup, "fn get(candidate: cachewarden.Candidate) cachewarden.Lookup");
        } else if (std.mem.eql(u8, part, "put")) {
            checkFunction(Part, Offer, Reach, "fn put(offer: cachewarden.Offer) cachewarden.Reach");
        } else if (std.mem.eql(u8, part, "close")) {
            checkFunction(Part, Totals, void, "fn close(totals: cachewarden.Totals) void");
        } else {
            @compileError("`." ++ part ++ "` is no part of a policy: expected .settings, .open, .get, .put or .close");
        }
    }
}

fn checkSettings(comptime Part: type) void {
    const is_variable = switch (@typeInfo(Part)) {
        .pointer => |pointer| pointer.size == .one and !pointer.attrs.@"const" and @typeInfo(pointer.child) == .@"struct",
        else => false,
    };
    if (!is_variable) @compileError(
        "`.settings`: expected `&settings` of `var settings: Settings = .{};`, Settings being a struct; found " ++
            @typeName(Part),
    );
}

fn checkFunction(
    comptime Part: type,
    comptime Argument: type,
    comptime Answer: type,
    comptime expected: []const u8,
) void {
    const fits = switch (@typeInfo(Part)) {
        .@"fn" => |function| function.param_types.len == 1 and function.param_types[0] == Argument and
            function.return_type != null and Payload(function.return_type.?) == Answer,
        else => false,
    };
    if (!fits) @compileError("expected `" ++ expected ++ "`, found `" ++ @typeName(Part) ++ "`");
}

test "a policy without parts does plain caching" {
    const plain = policy(.{});
    const grant = try plain.open(.{});
    try std.testing.expectEqualStrings("default", grant.write.?);
    try std.testing.expectEqual(Lookup.hit, plain.get(.{}));
    try std.testing.expectEqual(Reach.shared, plain.put(.{}));
    try std.testing.expectEqual(Reach.local, plain.put(.{ .kind = .test_record }));
    plain.close(.{});
    try std.testing.expectError(error.SettingsRefused, plain.open(.{ .settings = "{\"a\": 1}" }));
}

test "each opening begins with the defaults" {
    const Limit = struct {
        var limit: struct { largest: u64 = 10 } = .{};

        fn put(offer: Offer) !Reach {
            return if (offer.size > limit.largest) .local else .shared;
        }
    };
    const limited = policy(.{ .settings = &Limit.limit, .put = Limit.put });
    _ = try limited.open(.{ .settings = "{\"largest\": 20}" });
    try std.testing.expectEqual(Reach.shared, limited.put(.{ .size = 20 }));
    _ = try limited.open(.{});
    try std.testing.expectEqual(Reach.local, limited.put(.{ .size = 20 }));
}
