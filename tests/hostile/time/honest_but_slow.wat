;; Honest: uses some milliseconds in each get and put. Must: on a machine that gives it a fifth of a processor it is not cut off, though each call takes longer than the deadline.
(module
  (func $work
    (local $left i32)
    (local.set $left (i32.const 30000000))
    (loop $again
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $facts i32) (result i32)
    (call $work)
    (i32.const 0))

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $facts i32) (result i32)
    (call $work)
    (i32.const 2)))
