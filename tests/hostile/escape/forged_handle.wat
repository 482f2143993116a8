;; Opens /etc/passwd in a folder of WASI preview 2 that it was never given: it makes up the handle. Must: a trap: a handle is only good in the hands that it was given to.
(module
  (import "wasi:filesystem/types@0.2.6" "[method]descriptor.open-at" (func $open (param i32 i32 i32 i32 i32 i32 i32)))

  (memory (export "memory") 1)

  (data (i32.const 64) "/etc/passwd")

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $open (i32.const 1) (i32.const 0) (i32.const 64) (i32.const 11) (i32.const 0) (i32.const 1) (i32.const 128))
    (i32.const 0)))
(; world
package tests:policy;

world forges {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:filesystem/types@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:filesystem@0.2.6 {
  interface types {
    flags path-flags { symlink-follow }
    flags open-flags { create, directory, exclusive, truncate }
    flags descriptor-flags {
      read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory,
    }
    enum error-code {
      access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large,
      illegal-byte-sequence, in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size,
      name-too-long, no-device, no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty,
      not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek,
      text-file-busy, cross-device,
    }
    resource descriptor {
      open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
        -> result<descriptor, error-code>;
    }
  }
}
;)
