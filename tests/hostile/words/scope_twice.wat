;; Grants the same scope to read twice. Must: it is read once.
(module
  (memory (export "memory") 1)

  (data (i32.const 64) "default")
  ;; result<grant, refusal>: ok; write: some(pointer, length); read: pointer, length; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\07\00\00\00" "\c0\00\00\00" "\02\00\00\00" "\00\00\00\00")
  (data (i32.const 192) "\40\00\00\00" "\07\00\00\00" "\40\00\00\00" "\07\00\00\00")

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (i32.const 128))

  ;; Skipped in the first scope; a second one would be a hit.

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (select (i32.const 2) (i32.const 0) (i32.eqz (local.get $scope)))))
