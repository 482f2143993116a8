;; Refuses the session with a text of three million bytes. Must: one line, cut.
(module
  (memory (export "memory") 64)

  ;; err; session(text)
  (data (i32.const 256) "\01\00\00\00" "\01\00\00\00" "\00\00\01\00" "\c0\c6\2d\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 3000000))
    (i32.const 256)))
