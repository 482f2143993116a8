;; Asks WASI preview 2 for a new handle for ever, in `get`. Must: a trap at the number of handles that it may hold.
(module
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $subscribe (param i64) (result i32)))

  (memory (export "memory") 1)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (loop $for_ever
      (drop (call $subscribe (i64.const 1)))
      (br $for_ever))
    (i32.const 0)))
(; world
package tests:policy;

world hoards {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:clocks/monotonic-clock@0.2.6;
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
    resource pollable;
  }
}
;)
