;; {{name}}: large objects stay on the machine that made them, and so do test records; all others may travel.
(module
  ;; Objects of more bytes than this stay here.
  (global $largest i64 (i64.const 10000000))

  ;; What an object is. All kinds are in {{sdk}}/README.md.
  (global $test_record i32 (i32.const 5))

  ;; How far an object may travel: 0 is this session alone.
  (global $local i32 (i32.const 1))
  (global $shared i32 (i32.const 2))

  (func (export "put")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64)
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64)
    (param $size i64) (param $kind i32) (param $facts i32)
    (result i32)
    (if (i64.gt_u (local.get $size) (global.get $largest)) (then (return (global.get $local))))
    (if (i32.eq (local.get $kind) (global.get $test_record)) (then (return (global.get $local))))
    (global.get $shared)))
