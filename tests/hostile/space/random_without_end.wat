;; Asks WASI preview 2 for 2^40 random bytes. Must: a trap before they are drawn.
(module
  (import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))

  (memory (export "memory") 1)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $random (i64.const 1099511627776) (i32.const 64))
    (i32.const 0)))
(; world
package tests:policy;

world draws {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:random/random@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:random@0.2.6 {
  interface random {
    get-random-bytes: func(len: u64) -> list<u8>;
  }
}
;)
