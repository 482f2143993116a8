;; Uses typed function references. Must: the helper does not start: it is off.
(module
  (type $verdict (func (result i32)))
  (func $hit (type $verdict) (i32.const 0))
  (elem declare func $hit)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call_ref $verdict (ref.func $hit))))
