;; Wants 4 GiB of memory from the start. Must: a trap with a text that names the limit; the build works without a cache.
(module
  (memory 65536)

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.const 2)))
