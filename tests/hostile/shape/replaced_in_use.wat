;; Is replaced, emptied and removed while a session uses it. Must: the session goes on with what it has loaded, in a fresh instance too.
(module
  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (if (i64.eq (i64.shr_u (local.get $action) (i64.const 56)) (i64.const 255)) (then unreachable))
    (i32.const 0)))
