;; Refuses its settings with a text that a terminal would obey. Must: the helper does not start, and says one line, with every sign spelled out.
(module
  (memory (export "memory") 1)

  (data (i32.const 64) "a\1b[2J\1b]0;title\07b\0d\0a{\"ID\":2,\"Miss\":true}\0acachewarden: forged\00\e2\80\ae\c2\9b2J")
  ;; err; settings(text)
  (data (i32.const 256) "\01\00\00\00" "\00\00\00\00" "\40\00\00\00" "\42\00\00\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (i32.const 256)))
