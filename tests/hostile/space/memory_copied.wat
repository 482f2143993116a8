;; Grows its memory to the limit and writes to every page, in `open`, each time that it is opened. Must: what it takes stays within the limit, and is given back.
(module
  (memory (export "memory") 1)

  (data (i32.const 64) "default")
  ;; result<grant, refusal>: ok; write: some("default"); read: 1 item; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\07\00\00\00" "\c0\00\00\00" "\01\00\00\00" "\00\00\00\00")
  (data (i32.const 192) "\40\00\00\00" "\07\00\00\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 1990)))
    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 130416640))
    (i32.const 128))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (unreachable)))
