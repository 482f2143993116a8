//! What is known about the build that asks.

const std = @import("std");
const memory = @import("memory.zig");

/// A named value that is known about the session.
pub const Label = struct {
    /// As the operator chose it (`--label NAME=VALUE`, `--label-env NAME`). Names that begin with `cachewarden.` are the
    /// host's own, and no job can set one.
    name: []const u8,
    /// Its value. Never empty where it comes from the environment: an empty variable is no label.
    value: []const u8,
    /// The value encoded for a scope name: at most 80 characters. Put a prefix of your own before it, or a
    /// branch called `main` gets the scope `main`.
    scope: []const u8 = "",
    /// 24 hexadecimal digits of the value's SHA-256: stands for the value in a scope's name where two values must fit.
    hash: []const u8 = "",
    /// Whether the host has verified it, or the job only says so.
    verified: bool = false,

    /// A label that the job claims, for a policy's tests; its scope and its hash are made of its value as the host makes them.
    pub fn claim(name: []const u8, value: []const u8) Label {
        const hash = hashOf(value);
        return .{ .name = name, .value = value, .scope = scopePart(value, hash), .hash = hash };
    }

    /// A label that the host has verified, for a policy's tests.
    pub fn proof(name: []const u8, value: []const u8) Label {
        var label = claim(name, value);
        label.verified = true;
        return label;
    }
};

/// How many hexadecimal digits of a digest stand for a value.
const hash_digits = 24;

fn hashOf(value: []const u8) []const u8 {
    const Sha256 = std.crypto.hash.sha2.Sha256;
    var digest: [Sha256.digest_length]u8 = undefined;
    Sha256.hash(value, &digest, .{});
    return memory.format("{x}", .{digest[0 .. hash_digits / 2]});
}

/// How long the host lets a value grow in a scope's name.
const longest_scope_part = 80;

/// A value encoded for a scope name: every byte but letters, digits, dashes and inner dots is escaped, and a
/// long value is cut and ended by its hash.
fn scopePart(value: []const u8, hash: []const u8) []const u8 {
    var part: []const u8 = "";
    for (value, 0..) |byte, position| {
        const inner_dot = byte == '.' and position != 0 and position != value.len - 1;
        const kept = std.ascii.isAlphanumeric(byte) or byte == '-' or inner_dot;
        part = if (kept) memory.format("{s}{c}", .{ part, byte }) else memory.format("{s}_{x:0>2}", .{ part, byte });
        if (part.len > longest_scope_part) {
            return memory.format("{s}__{s}", .{ part[0 .. longest_scope_part - hash.len - 2], hash });
        }
    }
    return part;
}

/// One run of one go command, and all that is known about it. A test writes the fields that matter to it.
pub const Session = struct {
    /// When it began, in seconds since 1970. This is all the time there is.
    started: u64 = 0,
    /// A random number, drawn once; `Sample` uses it.
    seed: u64 = 0,
    /// In no particular order; a name may occur more than once.
    labels: []const Label = &.{},
    /// Patterns of the scopes that the operator lets this session read.
    readable: []const []const u8 = &.{"*"},
    /// The same for writing.
    writable: []const []const u8 = &.{"*"},
    /// The policy's settings, a JSON text. The policy has them parsed: see `policy`.
    settings: []const u8 = "{}",

    /// The label of this name. If the host has verified one and the job claims another, the verified one.
    pub fn label(session: Session, name: []const u8) ?Label {
        if (session.verifiedLabel(name)) |proved| return proved;
        for (session.labels) |known| if (std.mem.eql(u8, known.name, name)) return known;
        return null;
    }

    /// The label of this name, if the host has verified it. A label that only a job claims is ignored.
    pub fn verifiedLabel(session: Session, name: []const u8) ?Label {
        for (session.labels) |known| if (known.verified and std.mem.eql(u8, known.name, name)) return known;
        return null;
    }

    /// The scope that this session would have without a policy.
    pub fn defaultScope(session: Session) []const u8 {
        return if (session.verifiedLabel("cachewarden.scope")) |scope| scope.value else "default";
    }
};

test "the host's word comes before a job's" {
    const claimed: Label = .claim("user", "root");
    const proved: Label = .proof("user", "1000");
    const session: Session = .{ .labels = &.{ claimed, proved } };
    try std.testing.expectEqualStrings("1000", session.label("user").?.value);

    const only_claimed: Session = .{ .labels = &.{claimed} };
    try std.testing.expectEqualStrings("root", only_claimed.label("user").?.value);
    try std.testing.expectEqual(null, only_claimed.verifiedLabel("user"));
    try std.testing.expectEqual(null, only_claimed.label("User"));
}

test "no job sets the default scope" {
    const forged: Session = .{ .labels = &.{.claim("cachewarden.scope", "main")} };
    try std.testing.expectEqualStrings("default", forged.defaultScope());
    const told: Session = .{ .labels = &.{.proof("cachewarden.scope", "nightly")} };
    try std.testing.expectEqualStrings("nightly", told.defaultScope());
}
