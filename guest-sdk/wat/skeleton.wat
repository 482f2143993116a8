;; Every export of a policy, with its parameters by name and the contract's numbers. Each answers what a build without a
;; policy has. Take what you need and leave the others out: what is not exported is not asked.
(module
  ;; Logs a line: a level, and the address and length of UTF-8. Leave it out with the functions that call it.
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $bytes i32) (param $length i32)))

  ;; ---- Numbers ------------------------------------------------------------------------------------------------------

  ;; The verdict on a get.
  (global $hit i32 (i32.const 0))          ;; answer with it
  (global $hit_verified i32 (i32.const 1)) ;; answer with it if its bytes still hash to its output, else the next scope
  (global $skip i32 (i32.const 2))         ;; not this one: go on to the next scope
  (global $miss i32 (i32.const 3))         ;; answer a miss: the build makes it again
  (global $audit i32 (i32.const 4))        ;; answer a miss, and compare the rebuild

  ;; The verdict on a put.
  (global $ephemeral i32 (i32.const 0))    ;; seen by this session alone
  (global $local i32 (i32.const 1))        ;; kept in the write scope, on this machine
  (global $shared i32 (i32.const 2))       ;; kept, and sent beyond this machine

  ;; A newer host may pass other kinds, roles and facts than these. Have an answer for them, best the strict one.
  ;; BEGIN words (cargo xtask words)
  ;; What an object is.
  (global $kind_other i32 (i32.const 0))
  (global $kind_empty i32 (i32.const 1))
  (global $kind_package_archive i32 (i32.const 2))
  (global $kind_module_index i32 (i32.const 3))
  (global $kind_file_list i32 (i32.const 4))
  (global $kind_test_record i32 (i32.const 5))
  (global $kind_analysis_facts i32 (i32.const 6))
  (global $kind_generated_source i32 (i32.const 7))
  (global $kind_coverage_meta i32 (i32.const 8))
  (global $kind_probe i32 (i32.const 9))
  (global $kind_executable i32 (i32.const 10))
  (global $kind_fix_archive i32 (i32.const 11))
  (global $kind_tool_output i32 (i32.const 12))
  (global $kind_analysis_result i32 (i32.const 13))
  (global $kind_pgo_profile i32 (i32.const 14))

  ;; What an entry is for.
  (global $role_unknown i32 (i32.const 0))
  (global $role_output i32 (i32.const 1))
  (global $role_stdout i32 (i32.const 2))
  (global $role_link_stdout i32 (i32.const 3))
  (global $role_source_list i32 (i32.const 4))
  (global $role_cgo_header i32 (i32.const 5))
  (global $role_fix_archive i32 (i32.const 6))
  (global $role_cover_profile i32 (i32.const 7))

  ;; What the host established about the object: bits of $facts.
  (global $fact_build_id_matches i32 (i32.const 1))
  (global $fact_remote i32 (i32.const 2))
  (global $fact_audited i32 (i32.const 4))
  (global $fact_diverged i32 (i32.const 8))
  (global $fact_disputed i32 (i32.const 16))
  (global $fact_witnesses_2 i32 (i32.const 32))
  (global $fact_witnesses_3 i32 (i32.const 64))
  (global $fact_witnesses_4 i32 (i32.const 128))
  ;; END words

  ;; The level of a log line.
  (global $debug i32 (i32.const 0))
  (global $info i32 (i32.const 1))
  (global $warn i32 (i32.const 2))

  ;; ---- Memory, needed with `open` and with `log` --------------------------------------------------------------------

  (memory (export "memory") 1)

  ;; At 16 the list of scopes to read, which has one text: the seven bytes at 24.
  (data (i32.const 16) "\18\00\00\00\07\00\00\00default")

  ;; At 32 the answer of `open`, 36 bytes: a grant that writes `default` and reads it. To read a scope is to trust everybody
  ;; who may write it.
  (data (i32.const 32)
    "\00\00\00\00"                 ;; a grant
    "\01\00\00\00"                 ;; there is a `write`:
    "\18\00\00\00\07\00\00\00"     ;; its address and length
    "\10\00\00\00\01\00\00\00"     ;; `read`: address and count
    "\00\00\00\00"                 ;; `lifetime`: as long as the store keeps it
    "\00\00\00\00\00\00\00\00")    ;; `admit`: address and count of kinds, 4 bytes each

  ;; At 80 a line for the log, 45 bytes.
  (data (i32.const 80) "a rebuild gave other bytes than what was kept")

  ;; Where the next piece begins that the host asks for.
  (global $heap (mut i32) (i32.const 128))

  ;; A piece of $size bytes at a multiple of $alignment, a power of two; memory grows as it must.
  (func (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $piece i32)
    (local.set $piece (i32.and
      (i32.sub (i32.add (global.get $heap) (local.get $alignment)) (i32.const 1))
      (i32.sub (i32.const 0) (local.get $alignment))))
    (global.set $heap (i32.add (local.get $piece) (local.get $size)))
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        (unreachable)))
    (local.get $piece))

  ;; ---- The questions ------------------------------------------------------------------------------------------------

  (func (export "open")
    (param $started i64)                                   ;; in seconds since 1970
    (param $seed i64)                                      ;; a random number
    (param $labels i32) (param $label_count i32)           ;; 36 bytes each
    (param $readable i32) (param $readable_count i32)      ;; texts, 8 bytes each
    (param $writable i32) (param $writable_count i32)      ;; texts, 8 bytes each
    (param $settings i32) (param $settings_length i32)     ;; a JSON text
    (result i32)                                           ;; the address of a grant or a refusal, 36 bytes
    (i32.const 32))

  (func (export "get")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64) ;; what the build asks for
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64) ;; the object
    (param $size i64)   ;; in bytes
    (param $age i64)    ;; seconds since it was put
    (param $scope i32)  ;; which of the scopes to read it was found in
    (param $kind i32)
    (param $role i32)
    (param $facts i32)
    (result i32)
    (global.get $hit))

  (func (export "put")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64) ;; the step that made it
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64) ;; the object
    (param $size i64)   ;; in bytes
    (param $kind i32)
    (param $role i32)
    (param $facts i32)
    (result i32)
    ;; What no other machine can use stays on this one, and so does a kind that is not known here.
    ;; BEGIN shared kinds (cargo xtask words)
    (if (i32.eq (local.get $kind) (global.get $kind_other)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_empty)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_package_archive)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_file_list)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_analysis_facts)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_generated_source)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_coverage_meta)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_probe)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_tool_output)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_analysis_result)) (then (return (global.get $shared))))
    (if (i32.eq (local.get $kind) (global.get $kind_pgo_profile)) (then (return (global.get $shared))))
    ;; END shared kinds
    (global.get $local))

  (func (export "close")
    (param $gets i64) (param $hits i64) (param $refused_gets i64)
    (param $puts i64) (param $refused_puts i64) (param $bytes_put i64) (param $diverged i64)
    (if (i64.ne (local.get $diverged) (i64.const 0))
      (then (call $log (global.get $warn) (i32.const 80) (i32.const 45))))))
