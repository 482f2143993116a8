//! The `mirror` policy: it logs its inputs, and computes its verdicts from numbers. See ../README.md.

const std = @import("std");
const cachewarden = @import("cachewarden");

const Settings = struct {
    write: ?[]const u8 = null,
    read: []const []const u8 = &.{},
    lifetime: u32 = 0,
    admit: []const cachewarden.Kind = &.{},
    refuse: ?enum { settings, session } = null,
};

var settings: Settings = .{};

fn open(session: cachewarden.Session) !cachewarden.Grant {
    if (session.started == 666) @panic("as told");
    std.log.debug("session started={d} seed={d} readable={s} writable={s}", .{
        session.started, session.seed, try joined(session.readable), try joined(session.writable),
    });
    for (session.labels) |label| {
        std.log.info("label {s}={s} scope={s} hash={s} verified={}", .{
            label.name, label.value, label.scope, label.hash, label.verified,
        });
    }
    if (settings.refuse) |refuse| {
        std.log.warn("refusing", .{});
        return switch (refuse) {
            .settings => cachewarden.refuseSettings("as told", .{}),
            .session => cachewarden.refuseSession("as told", .{}),
        };
    }
    return .init(.{
        .write = settings.write,
        .read = settings.read,
        .lifetime = settings.lifetime,
        .admit = settings.admit,
    });
}

fn get(candidate: cachewarden.Candidate) cachewarden.Lookup {
    std.log.debug("get action={f} output={f} size={d} age={d} scope={d} kind={f} role={f} facts={f}", .{
        candidate.action, candidate.output, candidate.size, candidate.age,
        candidate.scope,  candidate.kind,   candidate.role, candidate.facts,
    });
    if (candidate.age == 666) @panic("as told");
    const verdicts = [_]cachewarden.Lookup{ .hit, .hit_verified, .skip, .miss, .audit };
    return verdicts[@intCast(candidate.age % verdicts.len)];
}

fn put(offer: cachewarden.Offer) cachewarden.Reach {
    std.log.debug("put action={f} output={f} size={d} kind={f} role={f} facts={f}", .{
        offer.action, offer.output, offer.size, offer.kind, offer.role, offer.facts,
    });
    if (offer.size == 666) @panic("as told");
    const verdicts = [_]cachewarden.Reach{ .ephemeral, .local, .shared };
    return verdicts[@intCast(offer.size % verdicts.len)];
}

fn close(totals: cachewarden.Totals) void {
    std.log.info("close gets={d} hits={d} refused-gets={d} puts={d} refused-puts={d} bytes-put={d} diverged={d}", .{
        totals.gets,      totals.hits,     totals.refused_gets, totals.puts, totals.refused_puts,
        totals.bytes_put, totals.diverged,
    });
}

fn joined(texts: []const []const u8) ![]const u8 {
    return std.mem.join(cachewarden.arena(), ",", texts);
}

pub const policy = cachewarden.policy(.{ .settings = &settings, .open = open, .get = get, .put = put, .close = close });
