//! What a cachewarden policy in Zig is written with.
//!
//! cachewarden is a cache for Go builds. It asks a policy which entries a build may write, which it may read, and whether
//! each of them counts. A policy is up to four functions, handed over by one declaration:
//!
//! ```
//! const cachewarden = @import("cachewarden");
//!
//! const Settings = struct {
//!     /// Objects of more bytes than this stay on the machine.
//!     largest: u64 = 10_000_000,
//! };
//!
//! var settings: Settings = .{};
//!
//! fn put(offer: cachewarden.Offer) cachewarden.Reach {
//!     return if (offer.size > settings.largest) .local else offer.kind.defaultReach();
//! }
//!
//! pub const policy = cachewarden.policy(.{ .settings = &settings, .put = put });
//! ```
//!
//! What always holds: a session is one instance of the policy, opened once, so state lives in variables of the file. Answers
//! depend only on the policy's inputs: there is no clock, no randomness, no file and no network, so a
//! recorded session replays to the same verdicts. Lines for the log are `std.log`'s.

const std = @import("std");

pub const Candidate = @import("object.zig").Candidate;
pub const Digest = @import("object.zig").Digest;
pub const Facts = @import("words.zig").Facts;
pub const Grant = @import("grant.zig").Grant;
pub const Kind = @import("words.zig").Kind;
pub const Label = @import("session.zig").Label;
pub const Lookup = @import("verdicts.zig").Lookup;
pub const Offer = @import("object.zig").Offer;
pub const Reach = @import("verdicts.zig").Reach;
pub const Role = @import("words.zig").Role;
pub const Sample = @import("sample.zig").Sample;
pub const Session = @import("session.zig").Session;
pub const Totals = @import("verdicts.zig").Totals;

pub const arena = @import("memory.zig").arena;
pub const format = @import("memory.zig").format;
pub const matches = @import("patterns.zig").matches;
pub const policy = @import("policy.zig").policy;
pub const refusal = @import("refusal.zig").refusal;
pub const refuseSession = @import("refusal.zig").refuseSession;
pub const refuseSettings = @import("refusal.zig").refuseSettings;

/// What `addPolicy` builds with; nothing for a policy.
pub const guest = @import("guest.zig");

test {
    std.testing.refAllDecls(@import("grant.zig"));
    std.testing.refAllDecls(@import("object.zig"));
    std.testing.refAllDecls(@import("patterns.zig"));
    std.testing.refAllDecls(@import("policy.zig"));
    std.testing.refAllDecls(@import("sample.zig"));
    std.testing.refAllDecls(@import("session.zig"));
    std.testing.refAllDecls(@import("settings.zig"));
    std.testing.refAllDecls(@import("words.zig"));
}
