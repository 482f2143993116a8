;; Reads `main` and writes nothing.
(module
  (memory (export "memory") 2)
  (data (i32.const 64) "main")
  ;; result<grant, refusal>: ok; write: none; read: 1 item; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\c0\00\00\00" "\01\00\00\00" "\00\00\00\00")
  (data (i32.const 192) "\40\00\00\00" "\04\00\00\00")
  ;; All that it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (i32.const 128)))
