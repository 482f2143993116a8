;; Writes and reads `main`, and takes programs from it: admits the kind `executable` (10).
(module
  (memory (export "memory") 1)
  (data (i32.const 64) "main" "\0a\00\00\00")
  ;; result<grant, refusal>: ok; write: some("main"); read: 1 item; lifetime: 0; admit: 1 item
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\04\00\00\00" "\c0\00\00\00" "\01\00\00\00" "\00\00\00\00" "\44\00\00\00" "\01\00\00\00")
  (data (i32.const 192) "\40\00\00\00" "\04\00\00\00")

  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $place i32)
    (local.set $place (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.set $free (i32.add (local.get $place) (local.get $size)))
    (local.get $place))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32)
    (param i32 i32) (result i32)
    (i32.const 128)))
