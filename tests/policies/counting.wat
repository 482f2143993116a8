;; An instance says hit to its first get and miss to all that follow, and traps where the action's first byte is 255:
;; so a hit shows a fresh instance.
(module
  (global $asked (mut i32) (i32.const 0))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (if (i64.eq (i64.shr_u (local.get $action) (i64.const 56)) (i64.const 255)) (then unreachable))
    (if (global.get $asked) (then (return (i32.const 3))))
    (global.set $asked (i32.const 1))
    (i32.const 0)))
