;; Wants a table of ten million elements. Must: a trap with a text that names what it wants; the build works without a cache.
(module
  (table 10000000 funcref)

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.const 2)))
