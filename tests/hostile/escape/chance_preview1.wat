;; Says hit or miss by a random bit of WASI preview 1, and traps where the action's first byte is 255. Must: a fresh instance draws the same numbers again: they are the session's, and a replay sees them too.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))

  (memory (export "memory") 1)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    unreachable)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (if (i64.eq (i64.shr_u (local.get $action) (i64.const 56)) (i64.const 255)) (then unreachable))
    (drop (call $random (i32.const 64) (i32.const 1)))
    (select (i32.const 0) (i32.const 3) (i32.and (i32.load8_u (i32.const 64)) (i32.const 1)))))
