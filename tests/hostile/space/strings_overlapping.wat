;; Grants 60,000 scopes, all of them the same 50,000 bytes of its memory: 3 GB once they are copied. Must: what a call may hand to the host is bounded: a trap in `open`.
(module
  (memory (export "memory") 10)

  (data (i32.const 64) "default")
  ;; result<grant, refusal>: ok; write: some(pointer, length); read: pointer, length; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\07\00\00\00" "\00\00\01\00" "\60\ea\00\00" "\00\00\00\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (local $at i32)
    ;; All items point to one place.
    (local.set $at (i32.const 65536))
    (loop $items
      (i32.store (local.get $at) (i32.const 8192))
      (i32.store offset=4 (local.get $at) (i32.const 50000))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $items (i32.lt_u (local.get $at) (i32.const 545536))))
    (i32.const 128)))
