;; Sleeps for a year in each get, through the monotonic clock and `poll` of WASI preview 2. Must: the sleep is over at once.
(module
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))

  (memory (export "memory") 1)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $pollable i32)
    (local.set $pollable (call $subscribe (i64.const 31536000000000000)))
    (call $block (local.get $pollable))
    (i32.store (i32.const 64) (local.get $pollable))
    (call $poll (i32.const 64) (i32.const 1) (i32.const 128))
    (call $drop (local.get $pollable))
    (i32.const 0)))
(; world
package tests:policy;

world sleeps {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:clocks/monotonic-clock@0.2.6;
  import wasi:io/poll@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:clocks@0.2.6 {
  interface monotonic-clock {
    use wasi:io/poll@0.2.6.{pollable};
    subscribe-duration: func(when: u64) -> pollable;
  }
}

package wasi:io@0.2.6 {
  interface poll {
    resource pollable {
      block: func();
    }
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
}
;)
