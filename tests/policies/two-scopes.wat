;; Writes `pr-1`, reads `pr-1`, then `main`, for an hour. Skips a candidate in the first scope where the action's first
;; byte is 2, else says hit.
(module
  (memory (export "memory") 1)
  (data (i32.const 64) "pr-1main")
  ;; result<grant, refusal>: ok; write: some("pr-1"); read: 2 items; lifetime: 3600
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\04\00\00\00" "\c0\00\00\00" "\02\00\00\00" "\10\0e\00\00")
  (data (i32.const 192) "\40\00\00\00" "\04\00\00\00" "\44\00\00\00" "\04\00\00\00")

  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $place i32)
    (local.set $place (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.set $free (i32.add (local.get $place) (local.get $size)))
    (local.get $place))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32)
    (param i32 i32) (result i32)
    (i32.const 128))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (if (i32.and
          (i64.eq (i64.shr_u (local.get $action) (i64.const 56)) (i64.const 2))
          (i32.eqz (local.get $scope)))
      (then (return (i32.const 2))))
    (i32.const 0)))
