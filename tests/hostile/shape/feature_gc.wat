;; Uses structures of the garbage collector. Must: the helper does not start: it is off.
(module
  (type $point (struct (field i32) (field i32)))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (struct.get $point 0 (struct.new_default $point))))
