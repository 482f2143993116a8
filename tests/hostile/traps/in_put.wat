;; Traps in each `put`. Must: each is the session's alone; gets, which it does not decide, go on.
(module
  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    unreachable))
