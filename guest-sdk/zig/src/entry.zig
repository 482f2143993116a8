//! The root of a policy's WebAssembly module: joins the author's file with the SDK. Zig looks here for what to do with
//! a panic and with a line of `std.log`.

const std = @import("std");
const guest = @import("cachewarden").guest;
const author = @import("policy");

pub const panic = std.debug.FullPanic(guest.giveUp);

pub const std_options: std.Options = .{ .log_level = .debug, .logFn = guest.log };

comptime {
    if (!@hasDecl(author, "policy")) @compileError(
        \\the policy's file declares no policy; expected a line such as
        \\    pub const policy = cachewarden.policy(.{ .open = open, .put = put });
    );
    guest.exportTo(author.policy);
}
