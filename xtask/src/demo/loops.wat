;; A policy as bad as they come: whatever it is asked, it loops for ever.
(module
  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32)
    (result i32)
    (loop $for_ever (br $for_ever))
    (i32.const 0))
  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32)
    (result i32)
    (loop $for_ever (br $for_ever))
    (i32.const 0)))
