//! The policy's side of the contract, by hand: four functions of flat numbers, and a few records laid out as the component
//! model's canonical ABI says, need no generator. Nothing is allocated for a get or a put. The host never makes two calls
//! at once.

const std = @import("std");
const memory = @import("memory.zig");
const refusal = @import("refusal.zig").refusal;
const Digest = @import("object.zig").Digest;
const Grant = @import("grant.zig").Grant;
const Kind = @import("words.zig").Kind;
const Label = @import("session.zig").Label;

const host = struct {
    extern "cachewarden:policy/host@0.2.0" fn log(level: u32, message: [*]const u8, length: usize) void;
};

/// Where `std.log` goes.
pub fn log(
    comptime level: std.log.Level,
    comptime scope: @EnumLiteral(),
    comptime template: []const u8,
    arguments: anytype,
) void {
    const prefix = if (scope == .default) "" else "(" ++ @tagName(scope) ++ "): ";
    const line = memory.format(prefix ++ template, arguments);
    host.log(switch (level) {
        .debug => 0,
        .info => 1,
        .warn, .err => 2,
    }, address(u8, line), line.len);
}

/// What a panic comes to: its message is in the log, and this call ends here.
pub fn giveUp(message: []const u8, _: ?usize) noreturn {
    host.log(2, message.ptr, message.len);
    @trap();
}

/// Exports what the host calls: `open`, which reads the settings, and the other functions that the author wrote.
pub fn exportTo(comptime policy: anytype) void {
    const Calls = struct {
        fn open(
            started: u64,
            seed: u64,
            labels: [*]const LabelRecord,
            label_count: usize,
            readable: [*]const Text,
            readable_count: usize,
            writable: [*]const Text,
            writable_count: usize,
            settings: [*]const u8,
            settings_length: usize,
        ) callconv(.c) *const Answer {
            answer = if (policy.open(.{
                .started = started,
                .seed = seed,
                .labels = readLabels(labels[0..label_count]),
                .readable = readTexts(readable[0..readable_count]),
                .writable = readTexts(writable[0..writable_count]),
                .settings = settings[0..settings_length],
            })) |grant| granted(&grant) else |failure| refused(failure);
            return &answer;
        }

        fn get(
            action_a: u64,
            action_b: u64,
            action_c: u64,
            action_d: u64,
            output_a: u64,
            output_b: u64,
            output_c: u64,
            output_d: u64,
            size: u64,
            age: u64,
            scope: u32,
            kind: u32,
            role: u32,
            facts: u32,
        ) callconv(.c) u32 {
            return @backingInt(policy.get(.{
                .action = .{ .words = .{ action_a, action_b, action_c, action_d } },
                .output = .{ .words = .{ output_a, output_b, output_c, output_d } },
                .size = size,
                .age = age,
                .scope = scope,
                .kind = @fromBackingInt(kind),
                .role = @fromBackingInt(role),
                .facts = @bitCast(facts),
            }));
        }

        fn put(
            action_a: u64,
            action_b: u64,
            action_c: u64,
            action_d: u64,
            output_a: u64,
            output_b: u64,
            output_c: u64,
            output_d: u64,
            size: u64,
            kind: u32,
            role: u32,
            facts: u32,
        ) callconv(.c) u32 {
            return @backingInt(policy.put(.{
                .action = .{ .words = .{ action_a, action_b, action_c, action_d } },
                .output = .{ .words = .{ output_a, output_b, output_c, output_d } },
                .size = size,
                .kind = @fromBackingInt(kind),
                .role = @fromBackingInt(role),
                .facts = @bitCast(facts),
            }));
        }

        fn close(
            gets: u64,
            hits: u64,
            refused_gets: u64,
            puts: u64,
            refused_puts: u64,
            bytes_put: u64,
            diverged: u64,
        ) callconv(.c) void {
            policy.close(.{
                .gets = gets,
                .hits = hits,
                .refused_gets = refused_gets,
                .puts = puts,
                .refused_puts = refused_puts,
                .bytes_put = bytes_put,
                .diverged = diverged,
            });
        }
    };
    @export(&reallocate, .{ .name = "cabi_realloc" });
    @export(&Calls.open, .{ .name = "open" });
    if (policy.has("get")) @export(&Calls.get, .{ .name = "get" });
    if (policy.has("put")) @export(&Calls.put, .{ .name = "put" });
    if (policy.has("close")) @export(&Calls.close, .{ .name = "close" });
}

/// Makes room for what the host passes to `open`.
fn reallocate(old: [*]const u8, old_size: usize, alignment: usize, size: usize) callconv(.c) [*]u8 {
    if (size == 0) return @ptrCast(&nothing);
    const room = memory.arena().rawAlloc(size, .fromByteUnits(alignment), @returnAddress()) orelse memory.outOfMemory();
    const kept = @min(old_size, size);
    @memcpy(room[0..kept], old[0..kept]);
    return room;
}

/// Where what is empty lies: the host looks at its address too, and that of an empty slice may be anything.
var nothing: u64 = 0;

fn address(comptime Item: type, items: []const Item) [*]const Item {
    return if (items.len == 0) @ptrCast(&nothing) else items.ptr;
}

const Text = extern struct {
    data: [*]const u8,
    length: usize,

    fn of(text: []const u8) Text {
        return .{ .data = address(u8, text), .length = text.len };
    }

    fn read(text: Text) []const u8 {
        return text.data[0..text.length];
    }
};

const LabelRecord = extern struct { name: Text, value: Text, scope: Text, hash: Text, verified: bool };

fn readLabels(records: []const LabelRecord) []const Label {
    const labels = memory.arena().alloc(Label, records.len) catch memory.outOfMemory();
    for (records, labels) |record, *label| label.* = .{
        .name = record.name.read(),
        .value = record.value.read(),
        .scope = record.scope.read(),
        .hash = record.hash.read(),
        .verified = record.verified,
    };
    return labels;
}

fn readTexts(records: []const Text) []const []const u8 {
    const texts = memory.arena().alloc([]const u8, records.len) catch memory.outOfMemory();
    for (records, texts) |record, *text| text.* = record.read();
    return texts;
}

/// `result<grant, refusal>`.
const Answer = extern struct {
    refused: bool,
    either: extern union {
        grant: extern struct {
            writes: bool,
            write: Text,
            read: [*]const Text,
            read_count: usize,
            lifetime: u32,
            admit: [*]const Kind,
            admit_count: usize,
        },
        refusal: extern struct { of_session: bool, reason: Text },
    },
};

/// What `open` returns the address of.
var answer: Answer = undefined;

fn granted(grant: *const Grant) Answer {
    const names = grant.read();
    const read = memory.arena().alloc(Text, names.len) catch memory.outOfMemory();
    for (names, read) |name, *text| text.* = .of(name);
    return .{ .refused = false, .either = .{ .grant = .{
        .writes = grant.write != null,
        .write = .of(grant.write orelse ""),
        .read = address(Text, read),
        .read_count = read.len,
        .lifetime = grant.lifetime,
        .admit = address(Kind, grant.admit),
        .admit_count = grant.admit.len,
    } } };
}

fn refused(failure: anyerror) Answer {
    return .{ .refused = true, .either = .{ .refusal = .{
        .of_session = failure != error.SettingsRefused,
        .reason = .of(switch (failure) {
            error.SettingsRefused, error.SessionRefused => refusal(),
            else => memory.format("open: error.{t}", .{failure}),
        }),
    } } };
}

comptime {
    // The layout on the one machine where it matters.
    if (@sizeOf(usize) == 4) std.debug.assert(@sizeOf(LabelRecord) == 36 and @sizeOf(Answer) == 36);
}
