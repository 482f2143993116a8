//! Settings: a JSON object, read by `std.json`'s scanner into a struct of the author's. The host hands over an object, and has
//! refused what is no JSON and fields that are there twice.
//!
//! `std.json`'s own parser says that a field is wrong, not which. This one names it, and takes no text for a number.

const std = @import("std");
const memory = @import("memory.zig");
const refuseSettings = @import("refusal.zig").refuseSettings;
const words = @import("words.zig");

const Failure = std.json.Scanner.NextError || std.json.Scanner.AllocError || error{SettingsRefused};

/// The settings in `text`; fields that are not there have their default, and one without a default must be there. What
/// does not fit is refused with the field's name.
pub fn read(comptime Settings: type, text: []const u8) error{SettingsRefused}!Settings {
    var reader: Reader = .{ .scanner = .initCompleteInput(memory.arena(), text) };
    return reader.value(Settings, "") catch |failure| switch (failure) {
        error.SettingsRefused => error.SettingsRefused,
        error.OutOfMemory => memory.outOfMemory(),
        else => refuseSettings("expected JSON: error.{t} at byte {d}", .{ failure, reader.scanner.cursor }),
    };
}

const Reader = struct {
    scanner: std.json.Scanner,

    fn value(reader: *Reader, comptime T: type, path: []const u8) Failure!T {
        const found = try reader.scanner.peekNextTokenType();
        switch (@typeInfo(T)) {
            .optional => |optional| {
                if (found != .null) return try reader.value(optional.child, path);
                _ = try reader.scanner.next();
                return null;
            },
            .bool => if (found == .true or found == .false) return try reader.scanner.next() == .true,
            .int => if (found == .number) {
                const digits = try reader.letters();
                return std.fmt.parseInt(T, digits, 10) catch wrong(T, path, digits);
            },
            .float => if (found == .number) {
                const digits = try reader.letters();
                return std.fmt.parseFloat(T, digits) catch wrong(T, path, digits);
            },
            .@"enum" => if (found == .string) {
                const word = try reader.letters();
                if (T == words.Kind or T == words.Role)
                    return T.parse(word) orelse refuseSettings("`{s}`: `{s}` is no {s}", .{ path, word, words.called(T) });
                return std.meta.stringToEnum(T, word) orelse
                    wrong(T, path, memory.format("\"{s}\"", .{word}));
            },
            .@"struct" => if (std.meta.hasFn(T, "jsonParse")) {
                return reader.byItself(T, path, found);
            } else if (found == .object_begin) {
                return reader.fields(T, path);
            },
            .pointer => |pointer| if (T == []const u8) {
                if (found == .string) return try reader.letters();
            } else if (T == []const pointer.child) {
                if (found == .array_begin) return reader.list(T, path);
            } else {
                @compileError("settings hold no " ++ @typeName(T) ++ "; a list is a []const " ++ @typeName(pointer.child));
            },
            else => return reader.byItself(T, path, found),
        }
        return wrong(T, path, name(found));
    }

    /// A text or a number.
    fn letters(reader: *Reader) Failure![]const u8 {
        const token = try reader.scanner.nextAlloc(memory.arena(), .alloc_if_needed);
        return switch (token) {
            inline .string, .allocated_string, .number, .allocated_number => |slice| slice,
            else => error.SyntaxError,
        };
    }

    fn list(reader: *Reader, comptime T: type, path: []const u8) Failure!T {
        var items: std.ArrayList(@typeInfo(T).pointer.child) = .empty;
        _ = try reader.scanner.next();
        while (try reader.scanner.peekNextTokenType() != .array_end) {
            const item_path = memory.format("{s}[{d}]", .{ path, items.items.len });
            const item = try reader.value(@typeInfo(T).pointer.child, item_path);
            try items.append(memory.arena(), item);
        }
        _ = try reader.scanner.next();
        return items.items;
    }

    fn fields(reader: *Reader, comptime T: type, path: []const u8) Failure!T {
        const known = @typeInfo(T).@"struct";
        var result: T = undefined;
        var seen: [known.field_names.len]bool = @splat(false);
        _ = try reader.scanner.next();
        next: while (try reader.scanner.peekNextTokenType() != .object_end) {
            const field = try reader.letters();
            const field_path = below(path, field);
            inline for (known.field_names, known.field_types, &seen) |field_name, Field, *is_there| {
                if (std.mem.eql(u8, field_name, field)) {
                    @field(result, field_name) = try reader.value(Field, field_path);
                    is_there.* = true;
                    continue :next;
                }
            }
            return refuseSettings("unknown field `{s}`{s}", .{ field_path, comptime instead(known.field_names) });
        }
        _ = try reader.scanner.next();
        inline for (known.field_names, known.field_types, known.field_attrs, seen) |field_name, Field, attributes, is_there| {
            if (!is_there) @field(result, field_name) = attributes.defaultValue(Field) orelse
                return refuseSettings("`{s}` is missing: expected {s}", .{
                    below(path, field_name), comptime expected(Field),
                });
        }
        return result;
    }

    /// A type that `std.json` knows and we do not, or that brings a parser of its own.
    fn byItself(reader: *Reader, comptime T: type, path: []const u8, found: std.json.TokenType) Failure!T {
        return std.json.innerParse(T, memory.arena(), &reader.scanner, .{
            .max_value_len = reader.scanner.input.len,
            .allocate = .alloc_if_needed,
        }) catch |failure| switch (failure) {
            error.SyntaxError, error.UnexpectedEndOfInput => error.SyntaxError,
            error.OutOfMemory => error.OutOfMemory,
            else => wrong(T, path, name(found)),
        };
    }
};

fn below(path: []const u8, field: []const u8) []const u8 {
    return if (path.len == 0) field else memory.format("{s}.{s}", .{ path, field });
}

fn wrong(comptime T: type, path: []const u8, found: []const u8) error{SettingsRefused} {
    const wanted = comptime expected(T);
    if (path.len == 0) return refuseSettings("expected {s}, found {s}", .{ wanted, found });
    return refuseSettings("`{s}`: expected {s}, found {s}", .{ path, wanted, found });
}

fn name(found: std.json.TokenType) []const u8 {
    return switch (found) {
        .object_begin, .object_end => "an object",
        .array_begin, .array_end => "a list",
        .true, .false => "true or false",
        .null => "null",
        .number => "a number",
        .string => "a text",
        .end_of_document => "nothing",
    };
}

fn expected(comptime T: type) []const u8 {
    return switch (@typeInfo(T)) {
        .optional => |optional| expected(optional.child) ++ " or null",
        .bool => "true or false",
        .int => std.fmt.comptimePrint("a whole number from {d} to {d}", .{ std.math.minInt(T), std.math.maxInt(T) }),
        .float => "a number",
        .@"enum" => |choice| if (T == words.Kind or T == words.Role)
            "the name of a " ++ words.called(T)
        else
            quoted(choice.field_names, "\"", " or "),
        .@"struct" => "a JSON object",
        .pointer => if (T == []const u8) "a text" else "a list",
        else => @typeName(T),
    };
}

fn instead(comptime names: []const [:0]const u8) []const u8 {
    return if (names.len == 0) ": there is nothing to set" else ", expected one of " ++ quoted(names, "`", ", ");
}

fn quoted(comptime names: []const [:0]const u8, comptime quote: []const u8, comptime separator: []const u8) []const u8 {
    var all: []const u8 = "";
    for (names, 0..) |one, index| all = all ++ (if (index > 0) separator else "") ++ quote ++ one ++ quote;
    return all;
}

test {
    _ = @import("settings_test.zig");
}
