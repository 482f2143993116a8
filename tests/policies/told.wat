;; Says hit only if what it is told agrees with what the action spells out, else it traps. The action's words are:
;; a: the object's first word; b: its last one; c: its size; d: kind, facts, scope and role, a byte each from the lowest up.
;; A put is kept on the same terms (without a scope).
(module
  (func $same (param i64 i64) (if (i64.ne (local.get 0) (local.get 1)) (then unreachable)))

  (func $byte (param $word i64) (param $position i64) (param $told i32)
    (call $same
      (i64.and (i64.shr_u (local.get $word) (local.get $position)) (i64.const 255))
      (i64.extend_i32_u (local.get $told))))

  (func $check
    (param $a i64) (param $b i64) (param $c i64) (param $d i64) (param $first i64) (param $last i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32)
    (call $same (local.get $a) (local.get $first))
    (call $same (local.get $b) (local.get $last))
    (call $same (local.get $c) (local.get $size))
    (call $byte (local.get $d) (i64.const 0) (local.get $kind))
    (call $byte (local.get $d) (i64.const 8) (local.get $facts))
    (call $byte (local.get $d) (i64.const 24) (local.get $role)))

  (func (export "get")
    (param $a i64) (param $b i64) (param $c i64) (param $d i64)
    (param $first i64) (param i64 i64) (param $last i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $check
      (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $first) (local.get $last)
      (local.get $size) (local.get $kind) (local.get $role) (local.get $facts))
    (call $byte (local.get $d) (i64.const 16) (local.get $scope))
    ;; The tests set the entry's put-time an hour and a half back.
    (if (i64.lt_u (local.get $age) (i64.const 5400)) (then unreachable))
    (if (i64.gt_u (local.get $age) (i64.const 7200)) (then unreachable))
    (i32.const 0))

  (func (export "put")
    (param $a i64) (param $b i64) (param $c i64) (param $d i64)
    (param $first i64) (param i64 i64) (param $last i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $check
      (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $first) (local.get $last)
      (local.get $size) (local.get $kind) (local.get $role) (local.get $facts))
    (i32.const 1)))
