;; Logs at each get what its action's first byte asks for: 0 to 2 is the level of a line with colours and a second line in it,
;; 100 logs a hundred thousand lines, and says hit.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $text i32) (param $length i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "from the policy\1b[31m red\0d\0aforged line")

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    unreachable)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $wanted i32)
    (local $left i32)
    (local.set $wanted (i32.wrap_i64 (i64.shr_u (local.get $action) (i64.const 56))))
    (local.set $left (i32.const 1))
    (if (i32.eq (local.get $wanted) (i32.const 100))
      (then
        (local.set $wanted (i32.const 2))
        (local.set $left (i32.const 100000))))
    (loop $again
      (call $log (local.get $wanted) (i32.const 64) (i32.const 37))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (i32.const 0)))
