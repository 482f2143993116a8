;; Grants a list of scopes that begins at the last byte of its memory. Must: a trap in `open`; the build works without a cache.
(module
  (memory (export "memory") 1)

  (data (i32.const 64) "default")
  ;; result<grant, refusal>: ok; write: some(pointer, length); read: pointer, length; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\07\00\00\00" "\fc\ff\00\00" "\01\00\00\00" "\00\00\00\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (i32.const 128)))
