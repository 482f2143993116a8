//! Builds policies: a project's build.zig calls `addPolicy`.

const std = @import("std");

/// What is built.
pub const PolicyOptions = struct {
    /// The policy's file, which declares `pub const policy`.
    root_source_file: std.Build.LazyPath,
    /// What is left in the project's folder.
    output: []const u8 = "policy.wasm",
    /// `.debug` keeps names for a debugger, and is a hundred times larger.
    optimize: std.builtin.OptimizeMode = .safe,
};

/// Makes `zig build` leave the policy in the project's folder, and `zig build test` run the tests in its file.
///
/// The policy is built with Zig's safety checks: what would be undefined behaviour ends that one call, with a message.
pub fn addPolicy(b: *std.Build, options: PolicyOptions) void {
    const sdk = b.dependencyFromBuildZig(@This(), .{});
    const cachewarden: std.Build.Module.Import = .{ .name = "cachewarden", .module = sdk.module("cachewarden") };

    const policy = b.createModule(.{ .root_source_file = options.root_source_file, .imports = &.{cachewarden} });
    const module = b.addExecutable(.{
        .name = "policy",
        .root_module = b.createModule(.{
            .root_source_file = sdk.path("src/entry.zig"),
            .target = b.resolveTargetQuery(.{ .cpu_arch = .wasm32, .os_tag = .freestanding }),
            .optimize = options.optimize,
            .strip = options.optimize != .debug,
            .imports = &.{ cachewarden, .{ .name = "policy", .module = policy } },
        }),
    });
    module.entry = .disabled;
    module.rdynamic = true;
    const leave = b.addUpdateSourceFiles();
    leave.addCopyFileToSource(module.getEmittedBin(), options.output);
    b.getInstallStep().dependOn(&leave.step);

    const tests = b.addTest(.{ .root_module = b.createModule(.{
        .root_source_file = options.root_source_file,
        .target = b.graph.host,
        .imports = &.{cachewarden},
    }) });
    b.step("test", "Run the tests in the policy's file").dependOn(&b.addRunArtifact(tests).step);
}

/// The SDK itself: its module, and in cachewarden's repository `zig build test`.
pub fn build(b: *std.Build) void {
    const root = b.path("src/cachewarden.zig");
    const cachewarden = b.addModule("cachewarden", .{ .root_source_file = root });
    const scope_parts = b.createModule(.{
        .root_source_file = b.path("tests/scope_parts.zig"),
        .target = b.graph.host,
        .imports = &.{.{ .name = "cachewarden", .module = cachewarden }},
    });
    scope_parts.addAnonymousImport("scope-parts.json", .{ .root_source_file = b.path("../conformance/scope-parts.json") });
    const own = b.createModule(.{ .root_source_file = root, .target = b.graph.host });
    const step = b.step("test", "Run the SDK's own tests");
    for ([_]*std.Build.Module{ own, scope_parts }) |module| {
        step.dependOn(&b.addRunArtifact(b.addTest(.{ .root_module = module })).step);
    }
}
