//! What a policy is told about an object, and about an entry that names one.

const std = @import("std");
const Writer = std.Io.Writer;

/// A SHA-256 digest: the name of an action or of an object. Printed by `{f}` as 64 hexadecimal digits.
pub const Digest = struct {
    /// Four big-endian words: the first holds the first eight bytes. Of a real action, each is as good as a random number.
    words: [4]u64 = @splat(0),

    pub fn format(digest: Digest, writer: *Writer) Writer.Error!void {
        for (digest.words) |word| try writer.print("{x:0>16}", .{word});
    }
};

/// What the host recognised an object to be, by its content. Printed by `{f}` as the contract's word: `package-archive`.
pub const Kind = enum {
    /// None of the others.
    other,
    /// No bytes at all: a quarter to a half of what a build puts. A build asks for these like for any other.
    empty,
    /// A compiled package.
    package_archive,
    /// An index of a module's or package's source files. Keyed by local file times: useless to other machines.
    module_index,
    /// The names of the files that a step made.
    file_list,
    /// A test's output, its log of what it looked at, or its coverage profile. Put again with other bytes each time the
    /// test runs.
    test_record,
    /// What an analyser (vet) learned about a package.
    analysis_facts,
    /// A source file that a tool (cgo, cover) made.
    generated_source,
    /// Coverage meta data.
    coverage_meta,
    /// The answer to "does this compiler know this flag".
    probe,

    pub fn format(kind: Kind, writer: *Writer) Writer.Error!void {
        for (@tagName(kind)) |letter| try writer.writeByte(if (letter == '_') '-' else letter);
    }
};

/// What the host itself established about an object when it was put; a policy need not take a job's word for it.
/// Printed by `{f}` as the contract's words, joined by commas: `bound,remote`; `-` where no fact holds.
pub const Facts = packed struct(u4) {
    /// A package archive whose build ID names this very action and this very content. It shows mix-ups and damage, not a
    /// producer who forges. Every archive that go itself puts is bound; a `-toolexec` tool may break it.
    bound: bool = false,
    /// It comes from beyond this machine.
    remote: bool = false,
    /// On an offer: an entry for this action was answered as a miss by `Lookup.audit`, and this is the rebuild.
    audited: bool = false,
    /// On an audited offer: the bytes differ from the entry's. Either of the two may be the wrong one.
    diverged: bool = false,

    pub fn format(facts: Facts, writer: *Writer) Writer.Error!void {
        var separator: []const u8 = "";
        inline for (@typeInfo(Facts).@"struct".field_names) |name| {
            if (@field(facts, name)) {
                try writer.print("{s}{s}", .{ separator, name });
                separator = ",";
            }
        }
        if (separator.len == 0) try writer.writeByte('-');
    }
};

/// An entry found for a get, before it is answered.
pub const Candidate = struct {
    /// What the build asks for: the SHA-256 of all inputs of a step.
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
    facts: Facts = .{},
};

/// An object that the build wants kept.
pub const Offer = struct {
    /// The step that made it: the SHA-256 of all its inputs.
    action: Digest = .{},
    /// The object itself, by the SHA-256 of its bytes.
    output: Digest = .{},
    /// In bytes.
    size: u64 = 0,
    kind: Kind = .other,
    facts: Facts = .{},
};

test "what is printed are the contract's words" {
    const digest: Digest = .{ .words = .{ 0x0123456789abcdef, 0, 0, 0xff } };
    try std.testing.expectFmt("0123456789abcdef0000000000000000000000000000000000000000000000ff", "{f}", .{digest});
    try std.testing.expectFmt("package-archive other", "{f} {f}", .{ Kind.package_archive, Kind.other });
    try std.testing.expectFmt("bound,diverged", "{f}", .{Facts{ .bound = true, .diverged = true }});
    try std.testing.expectFmt("-", "{f}", .{Facts{}});
}
