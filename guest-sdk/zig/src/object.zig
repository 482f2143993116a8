//! What a policy learns about an object, and about an entry that names one.

const std = @import("std");
const Facts = @import("words.zig").Facts;
const Kind = @import("words.zig").Kind;
const Role = @import("words.zig").Role;
const Writer = std.Io.Writer;

/// A SHA-256 digest: the name of an action or of an object. Printed by `{f}` as 64 hexadecimal digits.
pub const Digest = struct {
    /// Four big-endian words: the first holds the first eight bytes. Of a real action, each is as good as a random number.
    words: [4]u64 = @splat(0),

    pub fn format(digest: Digest, writer: *Writer) Writer.Error!void {
        for (digest.words) |word| try writer.print("{x:0>16}", .{word});
    }
};

/// An entry found for a get, before it is answered.
pub const Candidate = struct {
    /// The action that the build asks for: the SHA-256 of all inputs of a step.
    action: Digest = .{},
    /// The object that the entry names, by the SHA-256 of its bytes.
    output: Digest = .{},
    /// The object's bytes.
    size: u64 = 0,
    /// Seconds since the entry was put.
    age: u64 = 0,
    /// Where it was found: an index into the grant's scopes.
    scope: u32 = 0,
    kind: Kind = .other,
    role: Role = .unknown,
    facts: Facts = .{},
};

/// An object that the build puts.
pub const Offer = struct {
    /// The step that made it: the SHA-256 of all its inputs.
    action: Digest = .{},
    /// The object itself, by the SHA-256 of its bytes.
    output: Digest = .{},
    /// In bytes.
    size: u64 = 0,
    kind: Kind = .other,
    role: Role = .unknown,
    facts: Facts = .{},
};

test "a digest is printed as hexadecimal digits" {
    const digest: Digest = .{ .words = .{ 0x0123456789abcdef, 0, 0, 0xff } };
    try std.testing.expectFmt("0123456789abcdef0000000000000000000000000000000000000000000000ff", "{f}", .{digest});
}
