;; Uses atomic instructions (threads). Must: the helper does not start: it is off.
(module
  (memory 1)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.atomic.rmw.add (i32.const 0) (i32.const 0))))
