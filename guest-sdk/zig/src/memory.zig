//! The memory of a policy. There are two arenas: what is made until `open` has returned stays as long as the session; what
//! is made in `get`, `put` or `close` is gone when the next question comes. So memory does not grow with the questions.

const std = @import("std");

var of_session: std.heap.ArenaAllocator = .init(std.heap.page_allocator);
var of_question: std.heap.ArenaAllocator = .init(std.heap.page_allocator);
var in_question = false;

/// An allocator for what a function makes. In `open` that lives as long as the session, in `get`, `put` and `close` until
/// the function returns. Nothing need be freed.
///
/// What a question adds to the policy's state takes an allocator that keeps it: `std.heap.page_allocator`.
pub fn arena() std.mem.Allocator {
    return if (in_question) of_question.allocator() else of_session.allocator();
}

/// A text by `std.fmt`'s rules, in the `arena`: made in `open` it lives as long as the session, else until the function
/// returns. Panics where memory is at its end.
///
/// ```
/// const own = cachewarden.format("ref-{s}", .{ref.scope});
/// ```
pub fn format(comptime template: []const u8, arguments: anytype) []const u8 {
    return std.fmt.allocPrint(arena(), template, arguments) catch outOfMemory();
}

/// A copy in the `arena`.
pub fn copyOf(comptime Item: type, items: []const Item) []const Item {
    return arena().dupe(Item, items) catch outOfMemory();
}

pub fn outOfMemory() noreturn {
    @panic("out of memory");
}

/// From here on, what is made lives as long as the session.
pub fn beginSession() void {
    in_question = false;
}

/// What the last question made is gone.
pub fn beginQuestion() void {
    // Where the arena cannot keep its capacity, it has freed it: both are well.
    _ = of_question.reset(.retain_capacity);
    in_question = true;
}
