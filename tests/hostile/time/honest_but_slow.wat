;; Honest: uses a tenth of a second in each get and put whose action begins with 7. Must: on a machine that gives it a fifth of a processor it is not cut off, though each such call lasts longer than the deadline.
(module
  (func $work (param $action i64)
    (local $left i32)
    (if (i64.ne (i64.shr_u (local.get $action) (i64.const 56)) (i64.const 7)) (then (return)))
    (local.set $left (i32.const 400000000))
    (loop $again
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $work (local.get $action))
    (i32.const 0))

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $work (local.get $action))
    (i32.const 2)))
