;; Traps at every second get of an instance. Must: a fresh instance answers the next one, so it is never switched off.
(module
  (global $asked (mut i32) (i32.const 0))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (global.set $asked (i32.add (global.get $asked) (i32.const 1)))
    (if (i32.eq (global.get $asked) (i32.const 2)) (then unreachable))
    (i32.const 0)))
