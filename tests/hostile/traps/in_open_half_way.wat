;; Traps in `open` when it has logged, taken memory and written down half of its grant. Must: the build works without a cache, and one line says why.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $text i32) (param $length i32)))

  (memory (export "memory") 1)

  (data (i32.const 64) "half")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (call $log (i32.const 2) (i32.const 64) (i32.const 4))
    (drop (memory.grow (i32.const 10)))
    (i32.store (i32.const 128) (i32.const 0))
    (i32.store (i32.const 132) (i32.const 1))
    unreachable))
