;; Sleeps for a year in each get, through `poll_oneoff` of WASI preview 1. Must: the sleep is over at once.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)

  ;; A subscription to clock 1, for 31,536,000 s, with a precision of 1 ns.
  (data (i32.const 64) "\07\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\01\00\00\00\00\00\00\00" "\00\80\05\aa\1a\09\70\00" "\01\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")

  ;; What it is told about the session is nothing: it has no `open`.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (unreachable))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (if (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)) (then unreachable))
    ;; One event, of that subscription.
    (if (i32.ne (i32.load (i32.const 512)) (i32.const 1)) (then unreachable))
    (if (i64.ne (i64.load (i32.const 256)) (i64.const 7)) (then unreachable))
    (i32.const 0)))
