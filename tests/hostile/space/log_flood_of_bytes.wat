;; Logs lines of three million bytes in each get. Must: one line is passed on, cut; then it has logged all that a session may.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $text i32) (param $length i32)))

  (memory (export "memory") 64)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    unreachable)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 3000000))
    (call $log (i32.const 2) (i32.const 65536) (i32.const 3000000))
    (i32.const 0)))
