//! Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its own,
//! so that no trusted build uses what a pull request has made.

const std = @import("std");
const cachewarden = @import("cachewarden");
const Grant = cachewarden.Grant;
const Label = cachewarden.Label;
const Session = cachewarden.Session;

/// The longest name that a scope can have.
const longest_scope = 96;

const Settings = struct {
    /// The label that names the ref being built.
    ref: []const u8 = "GITHUB_REF",
    /// The label that names the repository; null: the store is for one repository.
    repository: ?[]const u8 = "GITHUB_REPOSITORY",
    /// The label that names the event; null: events are ignored.
    event: ?[]const u8 = "GITHUB_EVENT_NAME",
    /// The refs whose builds may write `main`.
    trusted: []const []const u8 = &.{ "refs/heads/main", "refs/heads/master" },
    /// The events whose builds may write `main`.
    events: []const []const u8 = &.{ "push", "schedule", "workflow_dispatch" },
    /// Whether labels that the host did not verify are ignored.
    verified: bool = false,
    /// The kinds that are accepted from `main` in a build that does not write it.
    kinds: []const cachewarden.Kind = &.{
        .empty,
        .package_archive,
        .file_list,
        .test_record,
        .analysis_facts,
        .generated_source,
        .coverage_meta,
        .probe,
        .tool_output,
        .analysis_result,
        .pgo_profile,
    },
};

var settings: Settings = .{};

/// Whether the session writes a scope, which is then the first that it reads.
var writes = false;

fn open(session: Session) !Grant {
    const grant = grantOf(session);
    writes = grant.write != null;
    return grant;
}

fn grantOf(session: Session) Grant {
    var main: []const u8 = "main";
    var repository: ?Label = null;
    if (settings.repository) |name| {
        repository = labelOf(session, name) orelse {
            std.log.warn("no label {s}: set the variable and pass --label-env {s}, or set repository to null where the store is for one repository", .{ name, name });
            return .init(.{});
        };
        main = cachewarden.format("main-{s}", .{repository.?.scope});
    }
    const ref = labelOf(session, settings.ref) orelse {
        std.log.warn("no label {s}: set the variable and pass --label-env {s}; until then this build writes nothing", .{ settings.ref, settings.ref });
        return .init(.{ .read = &.{main} });
    };
    if (trusts(session, ref)) return .init(.{ .write = main, .read = &.{main} });
    const own = ownScope(repository, ref);
    return .init(.{ .write = own, .read = &.{ own, main } });
}

fn labelOf(session: Session, name: []const u8) ?Label {
    return if (settings.verified) session.verifiedLabel(name) else session.label(name);
}

fn trusts(session: Session, ref: Label) bool {
    if (settings.event) |name| {
        const event = labelOf(session, name) orelse {
            std.log.warn("no label {s}: set the variable and pass --label-env {s}, or set event to null where events do not matter; until then no build writes main", .{ name, name });
            return false;
        };
        if (!cachewarden.matches(settings.events, event.value)) return false;
    }
    return cachewarden.matches(settings.trusted, ref.value);
}

/// The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never meet.
fn ownScope(repository: ?Label, ref: Label) []const u8 {
    const of = repository orelse return cachewarden.format("ref-{s}", .{ref.scope});
    const scope = cachewarden.format("ref-{s}_-{s}", .{ of.scope, ref.scope });
    return if (scope.len <= longest_scope) scope else cachewarden.format("long-{s}-{s}", .{ of.hash, ref.hash });
}

fn get(candidate: cachewarden.Candidate) cachewarden.Lookup {
    if (writes and candidate.scope == 0) return .hit;
    const proved = candidate.kind != .package_archive or candidate.facts.build_id_matches;
    const counts = std.mem.findScalar(cachewarden.Kind, settings.kinds, candidate.kind) != null;
    return if (proved and counts) .hit else .skip;
}

pub const policy = cachewarden.policy(.{ .settings = &settings, .open = open, .get = get });

// The cases of guest-sdk/conformance say more, for every language alike.

fn expectGrant(ref: []const u8, event: []const u8, text: []const u8, write: ?[]const u8, read: []const []const u8) !void {
    const grant = try policy.open(.{ .settings = text, .labels = &.{
        .claim("GITHUB_REPOSITORY", "acme/widget"), .claim("GITHUB_EVENT_NAME", event), .claim("GITHUB_REF", ref),
    } });
    try std.testing.expectEqualDeep(write, grant.write);
    try std.testing.expectEqualDeep(read, grant.read());
}

test "what each build is granted" {
    const main = "main-acme_2fwidget";
    try expectGrant("refs/heads/main", "push", "{}", main, &.{main});
    try expectGrant("refs/heads/master", "push", "{}", main, &.{main});
    const of_pull_request = "ref-acme_2fwidget_-refs_2fpull_2f17_2fmerge";
    try expectGrant("refs/pull/17/merge", "push", "{}", of_pull_request, &.{ of_pull_request, main });
    const of_main = "ref-acme_2fwidget_-refs_2fheads_2fmain";
    try expectGrant("refs/heads/main", "pull_request_target", "{}", of_main, &.{ of_main, main });
    try expectGrant("release/1.2/fixes", "web", "{\"event\":null,\"trusted\":[\"trunk\",\"release/*\"]}", main, &.{main});
    const long: [200]u8 = @splat('x');
    const own = cachewarden.format("long-b9d71e86eeaf925dc66a0442-{s}", .{Label.claim("", &long).hash});
    try expectGrant(&long, "push", "{}", own, &.{ own, main });
}

test "claimed labels are none where only verified ones count" {
    try expectGrant("refs/heads/main", "push", "{\"verified\":true,\"repository\":null}", null, &.{"main"});
}

test "from main only the chosen kinds count" {
    _ = try policy.open(.{ .settings = "{\"repository\":null}", .labels = &.{.claim("GITHUB_REF", "fix")} });
    try std.testing.expectEqual(.hit, policy.get(.{ .scope = 0, .kind = .other }));
    try std.testing.expectEqual(.skip, policy.get(.{ .scope = 1, .kind = .other }));
    try std.testing.expectEqual(.hit, policy.get(.{ .scope = 1, .kind = .tool_output }));
    try std.testing.expectEqual(.skip, policy.get(.{ .scope = 1, .kind = .package_archive }));
    const proved: cachewarden.Facts = .{ .build_id_matches = true };
    try std.testing.expectEqual(.hit, policy.get(.{ .scope = 1, .kind = .package_archive, .facts = proved }));
}

test "wrong settings are refused by name" {
    for ([_][2][]const u8{
        .{ "{\"trust\":[]}", "unknown field `trust`, expected one of `ref`, `repository`, `event`, `trusted`, `events`, `verified`, `kinds`" },
        .{ "{\"trusted\":\"main\"}", "`trusted`: expected a list, found a text" },
        .{ "{\"ref\":null}", "`ref`: expected a text, found null" },
        .{ "{\"kinds\":[\"archive\"]}", "`kinds[0]`: `archive` is no kind" },
    }) |case| {
        try std.testing.expectError(error.SettingsRefused, policy.open(.{ .settings = case[0] }));
        try std.testing.expectEqualStrings(case[1], cachewarden.refusal());
    }
}
