;; Answers what the action itself asks for: its first byte is the verdict of a get, its second one that of a put,
;; both in the contract's order. 250 grows the memory by 32 MiB, 254 loops for ever, 255 traps.
;; It has no `open`: the session gets the default scope.
(module
  (memory (export "memory") 1)

  (func $do (param $wanted i32) (result i32)
    (if (i32.eq (local.get $wanted) (i32.const 255)) (then unreachable))
    (if (i32.eq (local.get $wanted) (i32.const 254)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $wanted) (i32.const 250))
      (then
        (if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then unreachable))
        (return (i32.const 0))))
    (local.get $wanted))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $do (i32.wrap_i64 (i64.shr_u (local.get $action) (i64.const 56)))))

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $do (i32.and (i32.wrap_i64 (i64.shr_u (local.get $action) (i64.const 48))) (i32.const 255)))))
