;; Grants a hundred scopes to read, as many as a call may hand over and more than a session may read. Must: the grant is not used; one text says how many there may be.
(module
  (memory (export "memory") 1)

  (data (i32.const 64) "default")
  ;; result<grant, refusal>: ok; write: some(pointer, length); read: pointer, length; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\07\00\00\00" "\00\10\00\00" "\64\00\00\00" "\00\00\00\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 32768))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 4096))
    (loop $items
      (i32.store (local.get $at) (i32.const 64))
      (i32.store offset=4 (local.get $at) (i32.const 7))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $items (i32.lt_u (local.get $at) (i32.const 4896))))
    (i32.const 128)))
