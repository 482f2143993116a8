;; Logs what a terminal would obey: colours, a title, newlines, a line of the protocol, a line in the host's name, text turned round. Must: one line, with every sign spelled out.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $text i32) (param $length i32)))

  (memory (export "memory") 1)

  (data (i32.const 64) "a\1b[2J\1b]0;title\07b\0d\0a{\"ID\":2,\"Miss\":true}\0acachewarden: forged\00\e2\80\ae\c2\9b2J")

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    unreachable)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $log (i32.const 2) (i32.const 64) (i32.const 66))
    (i32.const 0)))
