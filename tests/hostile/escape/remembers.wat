;; Looks for what an earlier instance left in memory, in data, in grown memory, and says hit if there is something; then leaves a secret in all of them, and traps. Must: no instance finds anything: every get is a miss.
(module
  (memory 2)
  (data (i32.const 64) "plain data")

  ;; Whether a byte of memory is neither zero nor the data.
  (func $finds_something (result i32)
    (local $at i32)
    (loop $words
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
        (then
          (if (i32.or (i32.lt_u (local.get $at) (i32.const 64)) (i32.gt_u (local.get $at) (i32.const 72)))
            (then (return (i32.const 1))))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $words (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
    (i64.ne (i64.load (i32.const 64)) (i64.const 0x6164206e69616c70)))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $found i32)
    (drop (memory.grow (i32.const 4)))
    (local.set $found (call $finds_something))
    (memory.fill (i32.const 0) (i32.const 0xaa) (i32.mul (memory.size) (i32.const 65536)))
    (if (i32.eqz (local.get $found)) (then unreachable))
    (i32.const 0)))
