;; Prints two thousand lines in each get, to standard error and to standard output, through WASI preview 1. Must: the first lines are passed on, the rest is dropped; standard output is not the protocol.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)

  (data (i32.const 64) "{\"ID\":1,\"Miss\":true}\0a")
  (data (i32.const 128) "\40\00\00\00" "\15\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    unreachable)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 2000))
    (loop $again
      (drop (call $write (i32.const 1) (i32.const 128) (i32.const 1) (i32.const 256)))
      (drop (call $write (i32.const 2) (i32.const 128) (i32.const 1) (i32.const 256)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (i32.const 0)))
