;; Calls itself without end in `get`. Must: its stack ends before the host's: a trap like any other.
(module
  (func $again (param i32) (result i32)
    (i32.add (i32.const 1) (call $again (local.get 0))))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $again (i32.const 0))))
