//! `zig build` leaves mirror.wasm here.

const std = @import("std");
const cachewarden = @import("cachewarden_policy");

pub fn build(b: *std.Build) void {
    cachewarden.addPolicy(b, .{ .root_source_file = b.path("mirror.zig"), .output = "mirror.wasm" });
}
