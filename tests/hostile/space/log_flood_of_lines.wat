;; Logs two thousand lines in each get. Must: the first lines are passed on, the rest is dropped, and that is said.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $text i32) (param $length i32)))

  (memory (export "memory") 1)

  (data (i32.const 64) "drown in this")

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    unreachable)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 2000))
    (loop $again
      (call $log (i32.const 2) (i32.const 64) (i32.const 13))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (i32.const 0)))
