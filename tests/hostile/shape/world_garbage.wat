;; Carries a `component-type` section that is garbage. Must: the helper does not start; one text names the file.
(module
  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.const 2))
  (@custom "component-type:policy" "\00asm\0d\00\01\00garbage"))
