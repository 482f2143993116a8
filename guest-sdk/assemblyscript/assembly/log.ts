// Lines for the host's log.

// @ts-ignore: a decorator of AssemblyScript
@external("cachewarden:policy/host@0.2.0", "log")
declare function hostLog(level: i32, message: usize, length: usize): void;

/** Writes lines to the host's log. A session may log 1,000 lines or 64 KiB; the rest is dropped. */
export namespace log {
  /** A line for the author of the policy: shown with `-v`. */
  export function debug(message: string): void {
    write(0, message);
  }

  /** A line with information: shown with `-v`. */
  export function info(message: string): void {
    write(1, message);
  }

  /** A warning: always shown. */
  export function warn(message: string): void {
    write(2, message);
  }
}

function write(level: i32, message: string): void {
  const length = String.UTF8.byteLength(message);
  const bytes = heap.alloc(length);
  String.UTF8.encodeUnsafe(changetype<usize>(message), message.length, bytes, false, String.UTF8.ErrorMode.REPLACE);
  hostLog(level, bytes, length);
  heap.free(bytes);
}
