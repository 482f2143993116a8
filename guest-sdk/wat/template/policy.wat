;; {{name}}: large objects stay on the machine that made them, and so do those that no other machine can use.
(module
  ;; Objects of more bytes than this stay here.
  (global $largest i64 (i64.const 10000000))

  ;; What an object is: the kinds that no other machine can use. All kinds are in {{sdk}}/README.md.
  (global $module_index i32 (i32.const 3))
  (global $test_record i32 (i32.const 5))
  (global $executable i32 (i32.const 10))
  (global $fix_archive i32 (i32.const 11))
  ;; Kinds from this number on are not known here: a newer cachewarden may pass them. They stay here, too.
  (global $unknown i32 (i32.const 15))

  ;; How far an object may travel: 0 is this session alone.
  (global $local i32 (i32.const 1))
  (global $shared i32 (i32.const 2))

  (func (export "put")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64)
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32)
    (result i32)
    (if (i64.gt_u (local.get $size) (global.get $largest)) (then (return (global.get $local))))
    (if (i32.ge_u (local.get $kind) (global.get $unknown)) (then (return (global.get $local))))
    (if (i32.eq (local.get $kind) (global.get $module_index)) (then (return (global.get $local))))
    (if (i32.eq (local.get $kind) (global.get $test_record)) (then (return (global.get $local))))
    (if (i32.eq (local.get $kind) (global.get $executable)) (then (return (global.get $local))))
    (if (i32.eq (local.get $kind) (global.get $fix_archive)) (then (return (global.get $local))))
    (global.get $shared)))
