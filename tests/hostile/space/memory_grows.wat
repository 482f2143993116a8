;; Grows its memory by one page for ever, in `get`. Must: a trap at the limit, before the machine feels it.
(module
  (memory 1)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (loop $for_ever
      (drop (memory.grow (i32.const 1)))
      (br $for_ever))
    (i32.const 0)))
