//! Kinds, roles and facts: the words of the contract.
//!
//! A newer host may have more of them than this SDK, and passes them to the policy all the same.

const std = @import("std");
const Reach = @import("verdicts.zig").Reach;
const Writer = std.Io.Writer;

/// The kind of an object, which the host recognises by its bytes. A number that has no name here is a kind like any other.
/// Printed by `{f}` as the contract's word: `package-archive`, `kind-4242`.
pub const Kind = enum(u32) {
    // BEGIN kinds (cargo xtask words)
    /// None of the other kinds.
    other = 0,
    /// An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
    empty = 1,
    /// A compiled package.
    package_archive = 2,
    /// An index of the source files of a module or a package.
    module_index = 3,
    /// The names of the source files that a step has made; all are plain local names.
    file_list = 4,
    /// The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run
    /// of the test puts it again, with other timings.
    test_record = 5,
    /// Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
    analysis_facts = 6,
    /// A source file that a tool (cgo, cover) has made.
    generated_source = 7,
    /// Metadata of a package for a coverage run.
    coverage_meta = 8,
    /// Whether the C compiler supports a flag: `true` or `false`.
    probe = 9,
    /// A program that the operating system can run.
    executable = 10,
    /// A zip archive of the files that `go fix` would change.
    fix_archive = 11,
    /// The output that a compiler, a linker or vet has printed.
    tool_output = 12,
    /// The findings of staticcheck about a package.
    analysis_result = 13,
    /// A profile that was prepared for the compiler.
    pgo_profile = 14,
    // END kinds
    _,

    /// How far an object of this kind travels if no policy decides. A kind without a name here stays local.
    pub fn defaultReach(kind: Kind) Reach {
        return if (std.mem.findScalar(Kind, &shared_kinds, kind) == null) .local else .shared;
    }

    /// The kind of this name, of `kind-4242` as well; null where there is none. Settings are read by it.
    pub fn parse(text: []const u8) ?Kind {
        return named(Kind, text);
    }

    pub fn format(kind: Kind, writer: *Writer) Writer.Error!void {
        try print(kind, writer);
    }
};

/// What an entry is for, by its key: how cmd/go derived the key from an action that the session has seen. Printed by `{f}`
/// as the contract's word: `source-list`, `role-4242`.
pub const Role = enum(u32) {
    // BEGIN roles (cargo xtask words)
    /// The key does not follow from any action that the session has seen.
    unknown = 0,
    /// The action's own output: the object's build ID names the action.
    output = 1,
    /// The output that the compiler or vet has printed.
    stdout = 2,
    /// The output that the linker has printed.
    link_stdout = 3,
    /// The list of the package's source files.
    source_list = 4,
    /// The header that cgo has made for the package's exported functions.
    cgo_header = 5,
    /// The changes that `go fix` would make.
    fix_archive = 6,
    /// The coverage profile of a test's output.
    cover_profile = 7,
    // END roles
    _,

    /// The role of this name, of `role-4242` as well; null where there is none. Settings are read by it.
    pub fn parse(text: []const u8) ?Role {
        return named(Role, text);
    }

    pub fn format(role: Role, writer: *Writer) Writer.Error!void {
        try print(role, writer);
    }
};

/// Facts that the host itself has established about an object. A job cannot claim any of it. Printed by `{f}` as the contract's
/// words, joined by commas: `build-id-matches,fact-9`; `-` where no fact holds.
pub const Facts = packed struct(u32) {
    // BEGIN facts (cargo xtask words)
    /// The build ID in the object names this action and this content. This shows that the object is neither mixed up
    /// nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this
    /// fact; a tool that rewrites outputs (`-toolexec`) may break it.
    build_id_matches: bool = false,
    /// The entry comes from another machine.
    remote: bool = false,
    /// On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
    audited: bool = false,
    /// On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    /// decides about the new one.
    diverged: bool = false,
    /// On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    /// this session. One of the two is wrong, or the build is not reproducible.
    disputed: bool = false,
    /// On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    /// bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
    witnesses_2: bool = false,
    /// The same of at least three producers.
    witnesses_3: bool = false,
    /// The same of at least four producers.
    witnesses_4: bool = false,
    /// Facts that this SDK does not know.
    unknown: u24 = 0,
    // END facts

    pub fn format(facts: Facts, writer: *Writer) Writer.Error!void {
        const bits: u32 = @bitCast(facts);
        if (bits == 0) return writer.writeByte('-');
        var separator: []const u8 = "";
        for (0..@bitSizeOf(Facts)) |bit| {
            if (bits >> @intCast(bit) & 1 == 0) continue;
            try writer.writeAll(separator);
            separator = ",";
            if (bit < fact_names.len) try writer.writeAll(fact_names[bit]) else try writer.print("fact-{d}", .{bit});
        }
    }
};

// BEGIN names (cargo xtask words)
const kind_names = [_][]const u8{
    "other",
    "empty",
    "package-archive",
    "module-index",
    "file-list",
    "test-record",
    "analysis-facts",
    "generated-source",
    "coverage-meta",
    "probe",
    "executable",
    "fix-archive",
    "tool-output",
    "analysis-result",
    "pgo-profile",
};
const role_names = [_][]const u8{
    "unknown",
    "output",
    "stdout",
    "link-stdout",
    "source-list",
    "cgo-header",
    "fix-archive",
    "cover-profile",
};
const fact_names = [_][]const u8{
    "build-id-matches",
    "remote",
    "audited",
    "diverged",
    "disputed",
    "witnesses-2",
    "witnesses-3",
    "witnesses-4",
};

/// Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.
const shared_kinds = [_]Kind{
    .other,
    .empty,
    .package_archive,
    .file_list,
    .analysis_facts,
    .generated_source,
    .coverage_meta,
    .probe,
    .tool_output,
    .analysis_result,
    .pgo_profile,
};
// END names

/// The names of a type's words, by number.
fn names(comptime Word: type) []const []const u8 {
    return if (Word == Kind) &kind_names else &role_names;
}

/// What the type's words are called in general.
pub fn called(comptime Word: type) []const u8 {
    return if (Word == Kind) "kind" else "role";
}

fn named(comptime Word: type, text: []const u8) ?Word {
    for (names(Word), 0..) |name, number| if (std.mem.eql(u8, name, text)) return @fromBackingInt(@intCast(number));
    const digits = std.mem.cutPrefix(u8, text, comptime called(Word) ++ "-") orelse return null;
    for (digits) |digit| if (!std.ascii.isDigit(digit)) return null;
    return @fromBackingInt(std.fmt.parseInt(u32, digits, 10) catch return null);
}

fn print(word: anytype, writer: *Writer) Writer.Error!void {
    const number = @backingInt(word);
    const known = names(@TypeOf(word));
    if (number < known.len) return writer.writeAll(known[number]);
    try writer.print("{s}-{d}", .{ called(@TypeOf(word)), number });
}

test "a name and its number belong together" {
    try std.testing.expectEqual(Kind.package_archive, Kind.parse("package-archive"));
    try std.testing.expectEqual(Kind.pgo_profile, Kind.parse("pgo-profile"));
    try std.testing.expectEqual(Role.cgo_header, Role.parse("cgo-header"));
    try std.testing.expectFmt("package-archive source-list", "{f} {f}", .{ Kind.package_archive, Role.source_list });
}

test "a number without a name is kept" {
    const kind: Kind = @fromBackingInt(4242);
    try std.testing.expectEqual(kind, Kind.parse("kind-4242"));
    try std.testing.expectEqual(Role.parse("role-77"), @as(Role, @fromBackingInt(77)));
    try std.testing.expectFmt("kind-4242", "{f}", .{kind});
    try std.testing.expectEqual(.local, kind.defaultReach());
}

test "any other text is no kind" {
    for ([_][]const u8{ "archive", "Empty", "package_archive", "kind-", "kind--1", "kind-1_0", "kind-4294967296", "role-1" }) |text|
        try std.testing.expectEqual(null, Kind.parse(text));
}

test "what is of use here only stays here" {
    try std.testing.expectEqual(.local, Kind.test_record.defaultReach());
    try std.testing.expectEqual(.shared, Kind.package_archive.defaultReach());
}

test "facts are named by their bits" {
    const facts: Facts = @bitCast(@as(u32, 1 | 8 | 1 << 9));
    try std.testing.expect(facts.build_id_matches and facts.diverged and !facts.remote);
    try std.testing.expectFmt("build-id-matches,diverged,fact-9", "{f}", .{facts});
    try std.testing.expectFmt("-", "{f}", .{Facts{}});
}
