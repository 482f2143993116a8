;; Loops for ever in `cabi_post_get`, when its verdict has been read. Must: the verdict does not count: each get is a miss, and the third in a row switches it off.
(module
  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.const 0))

  (func (export "cabi_post_get") (param i32) (loop $for_ever (br $for_ever))))
