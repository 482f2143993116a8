;; Says hit 999 times, and loops for ever at the thousandth get. Must: that get is a miss; a fresh instance answers the next ones.
(module
  (global $asked (mut i32) (i32.const 0))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (global.set $asked (i32.add (global.get $asked) (i32.const 1)))
    (if (i32.eq (global.get $asked) (i32.const 1000)) (then (loop $for_ever (br $for_ever))))
    (i32.const 0)))
