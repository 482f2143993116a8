//! `zig build` leaves policy.wasm here; `zig build test` runs the tests in policy.zig.

const std = @import("std");
const cachewarden = @import("cachewarden_policy");

pub fn build(b: *std.Build) void {
    cachewarden.addPolicy(b, .{ .root_source_file = b.path("policy.zig") });
}
