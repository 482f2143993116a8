;; Imports a function of WASI preview 1 that does not exist. Must: the helper does not start; one text names the file and what is wrong.
(module
  (import "wasi_snapshot_preview1" "proc_fork" (func (result i32)))

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.const 2)))
