;; Overwrites its memory, its table and a global, traps, and would say hit to everything if it were asked again in that state. Must: the state is never used again: no get is a hit.
(module
  (memory (export "memory") 1)

  (table $table 1 funcref)
  (elem (i32.const 0) $miss)
  (elem declare func $hit)
  (global $verdict (mut i32) (i32.const 3))
  (data (i32.const 64) "\03")
  (type $verdicts (func (result i32)))
  (func $miss (type $verdicts) (i32.const 3))
  (func $hit (type $verdicts) (i32.const 0))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    ;; The second get of each instance overwrites all and traps.
    (i32.store (i32.const 128) (i32.add (i32.load (i32.const 128)) (i32.const 1)))
    (if (i32.eq (i32.load (i32.const 128)) (i32.const 2))
      (then
        (table.set $table (i32.const 0) (ref.func $hit))
        (global.set $verdict (i32.const 0))
        (i32.store8 (i32.const 64) (i32.const 0))
        (drop (memory.grow (i32.const 1)))
        unreachable))
    ;; All three agree, or one was left over: then a hit.
    (if (i32.eqz (call_indirect $table (type $verdicts) (i32.const 0))) (then (return (i32.const 0))))
    (if (i32.eqz (global.get $verdict)) (then (return (i32.const 0))))
    (if (i32.eqz (i32.load8_u (i32.const 64))) (then (return (i32.const 0))))
    (if (i32.ne (memory.size) (i32.const 1)) (then (return (i32.const 0))))
    (i32.const 3)))
