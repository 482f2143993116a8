;; Logs its inputs, and computes its answers from numbers: see ../README.md.
;;
;; By hand and without an SDK. In order: the four questions, settings, constants, what is put into a line, and then what
;; examples/trusted-branches/wat has as well: kinds by name, memory, texts, JSON. The layouts are described in guest-sdk/wat/README.md.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $bytes i32) (param $length i32)))

  ;; ---- The questions ------------------------------------------------------------------------------------------------

  (func (export "open")
    (param $started i64) (param $seed i64)
    (param $labels i32) (param $label_count i32)
    (param $readable i32) (param $readable_count i32)
    (param $writable i32) (param $writable_count i32)
    (param $settings i32) (param $settings_length i32)
    (result i32)
    (local $wrong i32) (local $answer i32)
    (local.set $wrong (call $read_object (local.get $settings) (local.get $settings_length)))
    (if (local.get $wrong)
      (then (return (call $refuse_because (i32.const 0) (local.get $wrong)))))

    (if (i64.eq (local.get $started) (i64.const 666)) (then (call $fail)))
    (call $begin)
    (call $put_text (global.get $session_started))
    (call $put_number (local.get $started))
    (call $put_text (global.get $_seed))
    (call $put_number (local.get $seed))
    (call $put_text (global.get $_readable))
    (call $put_texts (local.get $readable) (local.get $readable_count))
    (call $put_text (global.get $_writable))
    (call $put_texts (local.get $writable) (local.get $writable_count))
    (call $say (global.get $debug))

    (block $no_more
      (loop $next_label
        (br_if $no_more (i32.eqz (local.get $label_count)))
        (call $say_label (local.get $labels))
        (local.set $labels (i32.add (local.get $labels) (i32.const 36)))
        (local.set $label_count (i32.sub (local.get $label_count) (i32.const 1)))
        (br $next_label)))

    (if (global.get $refuse)
      (then
        (call $begin)
        (call $put_text (global.get $refusing))
        (call $say (global.get $warn))
        (local.set $answer (call $refuse_because
          (call $equal (global.get $refuse) (global.get $of_session))
          (global.get $as_told))))
      (else (local.set $answer (call $grant))))
    (global.set $question_heap (global.get $heap))
    (local.get $answer))

  (func (export "get")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64)
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32)
    (result i32)
    (call $begin_question)
    (call $put_text (global.get $get_action))
    (call $put_digest (local.get $action_a) (local.get $action_b) (local.get $action_c) (local.get $action_d))
    (call $put_text (global.get $_output))
    (call $put_digest (local.get $output_a) (local.get $output_b) (local.get $output_c) (local.get $output_d))
    (call $put_text (global.get $_size))
    (call $put_number (local.get $size))
    (call $put_text (global.get $_age))
    (call $put_number (local.get $age))
    (call $put_text (global.get $_scope))
    (call $put_number (i64.extend_i32_u (local.get $scope)))
    (call $put_words (local.get $kind) (local.get $role) (local.get $facts))
    (call $say (global.get $debug))
    (if (i64.eq (local.get $age) (i64.const 666)) (then (call $fail)))
    ;; hit, hit-verified, skip, miss, audit
    (i32.wrap_i64 (i64.rem_u (local.get $age) (i64.const 5))))

  (func (export "put")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64)
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32)
    (result i32)
    (call $begin_question)
    (call $put_text (global.get $put_action))
    (call $put_digest (local.get $action_a) (local.get $action_b) (local.get $action_c) (local.get $action_d))
    (call $put_text (global.get $_output))
    (call $put_digest (local.get $output_a) (local.get $output_b) (local.get $output_c) (local.get $output_d))
    (call $put_text (global.get $_size))
    (call $put_number (local.get $size))
    (call $put_words (local.get $kind) (local.get $role) (local.get $facts))
    (call $say (global.get $debug))
    (if (i64.eq (local.get $size) (i64.const 666)) (then (call $fail)))
    ;; ephemeral, local, shared
    (i32.wrap_i64 (i64.rem_u (local.get $size) (i64.const 3))))

  (func (export "close")
    (param $gets i64) (param $hits i64) (param $refused_gets i64)
    (param $puts i64) (param $refused_puts i64) (param $bytes_put i64) (param $diverged i64)
    (call $begin_question)
    (call $put_text (global.get $close_gets))
    (call $put_number (local.get $gets))
    (call $put_text (global.get $_hits))
    (call $put_number (local.get $hits))
    (call $put_text (global.get $_refused_gets))
    (call $put_number (local.get $refused_gets))
    (call $put_text (global.get $_puts))
    (call $put_number (local.get $puts))
    (call $put_text (global.get $_refused_puts))
    (call $put_number (local.get $refused_puts))
    (call $put_text (global.get $_bytes_put))
    (call $put_number (local.get $bytes_put))
    (call $put_text (global.get $_diverged))
    (call $put_number (local.get $diverged))
    (call $say (global.get $info)))

  ;; Says why, and ends here.
  (func $fail
    (call $begin)
    (call $put_text (global.get $as_told))
    (call $say (global.get $warn))
    (unreachable))

  ;; ---- What `open` answers ------------------------------------------------------------------------------------------

  ;; The grant that the settings name.
  (func $grant (result i32)
    (i32.store8 offset=0 (global.get $answer) (i32.const 0)) ;; a grant
    (i32.store8 offset=4 (global.get $answer) (i32.ne (global.get $write) (i32.const 0))) ;; whether there is a `write`
    (if (global.get $write)
      (then (i64.store offset=8 align=4 (global.get $answer) (i64.load align=4 (global.get $write)))))
    (i64.store offset=16 align=4 (global.get $answer) (i64.load align=4 (global.get $read)))
    (i32.store offset=24 (global.get $answer) (global.get $lifetime))
    (i64.store offset=28 align=4 (global.get $answer) (i64.load align=4 (global.get $kinds)))
    (global.get $answer))

  ;; A refusal: of the settings (0) or the session (1).
  (func $refuse_because (param $of_session i32) (param $reason i32) (result i32)
    (i32.store8 offset=0 (global.get $answer) (i32.const 1)) ;; a refusal
    (i32.store8 offset=4 (global.get $answer) (local.get $of_session))
    (i64.store offset=8 align=4 (global.get $answer) (i64.load align=4 (local.get $reason)))
    (global.get $answer))

  ;; ---- Settings -----------------------------------------------------------------------------------------------------

  (global $write (mut i32) (i32.const 0))        ;; a text, or 0
  (global $read (mut i32) (i32.const 0x010))     ;; a list of texts; $empty_list
  (global $lifetime (mut i32) (i32.const 0))
  (global $kinds (mut i32) (i32.const 0x010))    ;; the kinds to admit: a list of numbers; $empty_list
  (global $refuse (mut i32) (i32.const 0))       ;; a text, or 0

  ;; Takes the value of a field, and sets its global. The answer is what is wrong with it, as a text, or 0.
  (func $read_field (param $name i32) (result i32)
    (local $number i64)
    (if (call $equal (local.get $name) (global.get $write_field))
      (then
        (global.set $write (call $take_text_or_null))
        (return (call $unless
          (i32.ne (global.get $write) (i32.const -1)) (local.get $name) (global.get $expected_text_or_null)))))
    (if (call $equal (local.get $name) (global.get $read_field_name))
      (then
        (global.set $read (call $take_texts))
        (return (call $unless (global.get $read) (local.get $name) (global.get $expected_texts)))))
    (if (call $equal (local.get $name) (global.get $lifetime_field))
      (then
        (local.set $number (call $take_number))
        (global.set $lifetime (i32.wrap_i64 (local.get $number)))
        (return (call $unless
          (i64.ge_s (local.get $number) (i64.const 0)) (local.get $name) (global.get $expected_number)))))
    (if (call $equal (local.get $name) (global.get $admit_field))
      (then (return (call $read_kinds (local.get $name)))))
    (if (call $equal (local.get $name) (global.get $refuse_field))
      (then
        (global.set $refuse (call $take_text))
        (if (i32.eqz (global.get $refuse))
          (then (return (call $unless (i32.const 0) (local.get $name) (global.get $expected_refusal)))))
        (return (call $unless
          (i32.or
            (call $equal (global.get $refuse) (global.get $of_settings))
            (call $equal (global.get $refuse) (global.get $of_session)))
          (local.get $name) (global.get $expected_refusal)))))
    (call $begin)
    (call $put_text (global.get $unknown))
    (call $put_text (local.get $name))
    (call $put_text (global.get $expected_fields))
    (call $finish))

  ;; Takes a whole number of at most 32 bits, in plain digits; -1 where there is none.
  (func $take_number (result i64)
    (local $first i32) (local $digit i32) (local $number i64)
    (local.set $first (global.get $at))
    (block $no_digit
      (loop $next_digit
        (local.set $digit (i32.sub (i32.load8_u (global.get $at)) (i32.const 0x30))) ;; 0
        (br_if $no_digit (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $number (i64.add
          (i64.mul (local.get $number) (i64.const 10))
          (i64.extend_i32_u (local.get $digit))))
        (if (i64.gt_u (local.get $number) (i64.const 0xffffffff)) (then (return (i64.const -1))))
        (global.set $at (i32.add (global.get $at) (i32.const 1)))
        (br $next_digit)))
    (if (i32.eq (global.get $at) (local.get $first)) (then (return (i64.const -1))))
    ;; What follows must be the next field or the object's end: `1` in `1.5` is no whole number.
    (local.set $digit (i32.load8_u (global.get $at)))
    (if (i32.and (i32.ne (local.get $digit) (i32.const 0x2c)) (i32.ne (local.get $digit) (i32.const 0x7d))) ;; , }
      (then (return (i64.const -1))))
    (local.get $number))

  ;; ---- Constants ----------------------------------------------------------------------------------------------------
  ;; Each text has its two numbers in memory, address and length, and then its bytes. `_` in a name is a space.

  (global $debug i32 (i32.const 0))
  (global $info i32 (i32.const 1))
  (global $warn i32 (i32.const 2))

  (global $empty_list i32 (i32.const 0x010)) ;; two zeros, as all memory begins
  (global $session_started i32 (i32.const 0x020))
  (data (i32.const 0x020) "\28\00\00\00\10\00\00\00session started=")
  (global $_seed i32 (i32.const 0x040))
  (data (i32.const 0x040) "\48\00\00\00\06\00\00\00 seed=")
  (global $_readable i32 (i32.const 0x050))
  (data (i32.const 0x050) "\58\00\00\00\0a\00\00\00 readable=")
  (global $_writable i32 (i32.const 0x070))
  (data (i32.const 0x070) "\78\00\00\00\0a\00\00\00 writable=")
  (global $label_ i32 (i32.const 0x090))
  (data (i32.const 0x090) "\98\00\00\00\06\00\00\00label ")
  (global $_scope i32 (i32.const 0x0a0))
  (data (i32.const 0x0a0) "\a8\00\00\00\07\00\00\00 scope=")
  (global $_hash i32 (i32.const 0x0b0))
  (data (i32.const 0x0b0) "\b8\00\00\00\06\00\00\00 hash=")
  (global $_verified i32 (i32.const 0x0c0))
  (data (i32.const 0x0c0) "\c8\00\00\00\0a\00\00\00 verified=")
  (global $true i32 (i32.const 0x0e0))
  (data (i32.const 0x0e0) "\e8\00\00\00\04\00\00\00true")
  (global $false i32 (i32.const 0x0f0))
  (data (i32.const 0x0f0) "\f8\00\00\00\05\00\00\00false")
  (global $refusing i32 (i32.const 0x100))
  (data (i32.const 0x100) "\08\01\00\00\08\00\00\00refusing")
  (global $as_told i32 (i32.const 0x110))
  (data (i32.const 0x110) "\18\01\00\00\07\00\00\00as told")
  (global $get_action i32 (i32.const 0x120))
  (data (i32.const 0x120) "\28\01\00\00\0b\00\00\00get action=")
  (global $put_action i32 (i32.const 0x140))
  (data (i32.const 0x140) "\48\01\00\00\0b\00\00\00put action=")
  (global $_output i32 (i32.const 0x160))
  (data (i32.const 0x160) "\68\01\00\00\08\00\00\00 output=")
  (global $_size i32 (i32.const 0x170))
  (data (i32.const 0x170) "\78\01\00\00\06\00\00\00 size=")
  (global $_age i32 (i32.const 0x180))
  (data (i32.const 0x180) "\88\01\00\00\05\00\00\00 age=")
  (global $_kind i32 (i32.const 0x190))
  (data (i32.const 0x190) "\98\01\00\00\06\00\00\00 kind=")
  (global $_role i32 (i32.const 0x1a0))
  (data (i32.const 0x1a0) "\a8\01\00\00\06\00\00\00 role=")
  (global $_facts i32 (i32.const 0x1b0))
  (data (i32.const 0x1b0) "\b8\01\00\00\07\00\00\00 facts=")
  (global $close_gets i32 (i32.const 0x1c0))
  (data (i32.const 0x1c0) "\c8\01\00\00\0b\00\00\00close gets=")
  (global $_hits i32 (i32.const 0x1e0))
  (data (i32.const 0x1e0) "\e8\01\00\00\06\00\00\00 hits=")
  (global $_refused_gets i32 (i32.const 0x1f0))
  (data (i32.const 0x1f0) "\f8\01\00\00\0e\00\00\00 refused-gets=")
  (global $_puts i32 (i32.const 0x210))
  (data (i32.const 0x210) "\18\02\00\00\06\00\00\00 puts=")
  (global $_refused_puts i32 (i32.const 0x220))
  (data (i32.const 0x220) "\28\02\00\00\0e\00\00\00 refused-puts=")
  (global $_bytes_put i32 (i32.const 0x240))
  (data (i32.const 0x240) "\48\02\00\00\0b\00\00\00 bytes-put=")
  (global $_diverged i32 (i32.const 0x260))
  (data (i32.const 0x260) "\68\02\00\00\0a\00\00\00 diverged=")
  (global $write_field i32 (i32.const 0x280))
  (data (i32.const 0x280) "\88\02\00\00\05\00\00\00write")
  (global $read_field_name i32 (i32.const 0x290))
  (data (i32.const 0x290) "\98\02\00\00\04\00\00\00read")
  (global $lifetime_field i32 (i32.const 0x2a0))
  (data (i32.const 0x2a0) "\a8\02\00\00\08\00\00\00lifetime")
  (global $admit_field i32 (i32.const 0x2b0))
  (data (i32.const 0x2b0) "\b8\02\00\00\05\00\00\00admit")
  (global $refuse_field i32 (i32.const 0x2c0))
  (data (i32.const 0x2c0) "\c8\02\00\00\06\00\00\00refuse")
  (global $of_settings i32 (i32.const 0x2d0))
  (data (i32.const 0x2d0) "\d8\02\00\00\08\00\00\00settings")
  (global $of_session i32 (i32.const 0x2e0))
  (data (i32.const 0x2e0) "\e8\02\00\00\07\00\00\00session")
  (global $kind_prefix i32 (i32.const 0x2f0))
  (data (i32.const 0x2f0) "\f8\02\00\00\04\00\00\00kind")
  (global $role_prefix i32 (i32.const 0x300))
  (data (i32.const 0x300) "\08\03\00\00\04\00\00\00role")
  (global $fact_prefix i32 (i32.const 0x310))
  (data (i32.const 0x310) "\18\03\00\00\04\00\00\00fact")
  (global $expected_text_or_null i32 (i32.const 0x320))
  (data (i32.const 0x320) "\28\03\00\00\1a\00\00\00`: expected a text or null")
  (global $expected_texts i32 (i32.const 0x350))
  (data (i32.const 0x350) "\58\03\00\00\1b\00\00\00`: expected a list of texts")
  (global $expected_number i32 (i32.const 0x380))
  (data (i32.const 0x380) "\88\03\00\00\2f\00\00\00`: expected a whole number from 0 to 4294967295")
  (global $expected_kinds i32 (i32.const 0x3c0))
  (data (i32.const 0x3c0) "\c8\03\00\00\24\00\00\00`: expected a list of names of kinds")
  (global $expected_refusal i32 (i32.const 0x3f0))
  (data (i32.const 0x3f0) "\f8\03\00\00\23\00\00\00`: expected \22settings\22 or \22session\22")
  (global $is_no_kind i32 (i32.const 0x420))
  (data (i32.const 0x420) "\28\04\00\00\0c\00\00\00` is no kind")
  (global $unknown i32 (i32.const 0x440))
  (data (i32.const 0x440) "\48\04\00\00\0f\00\00\00unknown field `")
  (global $expected_fields i32 (i32.const 0x460))
  (data (i32.const 0x460) "\68\04\00\00\41\00\00\00`, expected one of `write`, `read`, `lifetime`, `admit`, `refuse`")

  ;; Where `open` leaves its answer: 36 bytes.
  (global $answer i32 (i32.const 0x4c0))

  ;; The names of all kinds, roles and facts, with room for more to come.
  (global $kind_names i32 (i32.const 0x800))
  (data (i32.const 0x800)
    ;; BEGIN kinds (cargo xtask words)
    "\05other"
    "\05empty"
    "\0fpackage-archive"
    "\0cmodule-index"
    "\09file-list"
    "\0btest-record"
    "\0eanalysis-facts"
    "\10generated-source"
    "\0dcoverage-meta"
    "\05probe"
    "\0aexecutable"
    "\0bfix-archive"
    "\0btool-output"
    "\0fanalysis-result"
    "\0bpgo-profile"
    ;; END kinds
  )
  (global $role_names i32 (i32.const 0xc00))
  (data (i32.const 0xc00)
    ;; BEGIN roles (cargo xtask words)
    "\07unknown"
    "\06output"
    "\06stdout"
    "\0blink-stdout"
    "\0bsource-list"
    "\0acgo-header"
    "\0bfix-archive"
    "\0dcover-profile"
    ;; END roles
  )
  (global $fact_names i32 (i32.const 0xe00))
  (data (i32.const 0xe00)
    ;; BEGIN facts (cargo xtask words)
    "\10build-id-matches"
    "\06remote"
    "\07audited"
    "\08diverged"
    "\08disputed"
    "\0bwitnesses-2"
    "\0bwitnesses-3"
    "\0bwitnesses-4"
    ;; END facts
  )

  ;; ---- Lines for the log --------------------------------------------------------------------------------------------

  ;; Where the heap ends when a question begins: nothing that `get`, `put` or `close` makes outlives them.
  (global $question_heap (mut i32) (i32.const 0))

  ;; Begins a question, and a line.
  (func $begin_question
    (if (global.get $question_heap) (then (global.set $heap (global.get $question_heap))))
    (call $begin))

  ;; Logs the line that was put together since $begin.
  (func $say (param $level i32)
    (local $line i32)
    (local.set $line (call $finish))
    (call $log (local.get $level) (call $bytes (local.get $line)) (call $length (local.get $line))))

  (func $say_label (param $label i32)
    (call $begin)
    (call $put_text (global.get $label_))
    (call $put_text (local.get $label)) ;; its name
    (call $put_byte (i32.const 0x3d)) ;; =
    (call $put_text (i32.add (local.get $label) (i32.const 8))) ;; its value
    (call $put_text (global.get $_scope))
    (call $put_text (i32.add (local.get $label) (i32.const 16))) ;; its scope
    (call $put_text (global.get $_hash))
    (call $put_text (i32.add (local.get $label) (i32.const 24))) ;; its hash
    (call $put_text (global.get $_verified))
    (call $put_text (select (global.get $true) (global.get $false) (i32.load8_u offset=32 (local.get $label))))
    (call $say (global.get $info)))

  ;; Puts texts that lie one after the other, with commas between them.
  (func $put_texts (param $items i32) (param $count i32)
    (if (i32.eqz (local.get $count)) (then (return)))
    (loop $next_item
      (call $put_text (local.get $items))
      (local.set $items (i32.add (local.get $items) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (if (local.get $count)
        (then
          (call $put_byte (i32.const 0x2c)) ;; ,
          (br $next_item)))))

  ;; Puts a number in decimal: all but the last digit, then that.
  (func $put_number (param $number i64)
    (if (i64.ge_u (local.get $number) (i64.const 10))
      (then (call $put_number (i64.div_u (local.get $number) (i64.const 10)))))
    (call $put_byte (i32.add (i32.const 0x30) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10))))))

  (func $put_digest (param $a i64) (param $b i64) (param $c i64) (param $d i64)
    (call $put_hex (local.get $a))
    (call $put_hex (local.get $b))
    (call $put_hex (local.get $c))
    (call $put_hex (local.get $d)))

  ;; Puts 16 hexadecimal digits, the first one first.
  (func $put_hex (param $word i64)
    (local $count i32) (local $digit i32)
    (loop $next_digit
      (local.set $word (i64.rotl (local.get $word) (i64.const 4)))
      (local.set $digit (i32.and (i32.wrap_i64 (local.get $word)) (i32.const 0xf)))
      (call $put_byte (i32.add (local.get $digit)
        (select (i32.const 0x30) (i32.const 0x57) (i32.lt_u (local.get $digit) (i32.const 10))))) ;; 0, or a less 10
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $next_digit (i32.lt_u (local.get $count) (i32.const 16)))))

  ;; Puts a kind, a role, and the facts that hold: one bit each, from the lowest on.
  (func $put_words (param $kind i32) (param $role i32) (param $facts i32)
    (local $bit i32)
    (call $put_text (global.get $_kind))
    (call $put_word (global.get $kind_names) (global.get $kind_prefix) (local.get $kind))
    (call $put_text (global.get $_role))
    (call $put_word (global.get $role_names) (global.get $role_prefix) (local.get $role))
    (call $put_text (global.get $_facts))
    (if (i32.eqz (local.get $facts))
      (then (call $put_byte (i32.const 0x2d)) (return))) ;; -
    (loop $next_fact
      (if (i32.and (local.get $facts) (i32.const 1))
        (then
          (call $put_word (global.get $fact_names) (global.get $fact_prefix) (local.get $bit))
          (if (i32.gt_u (local.get $facts) (i32.const 1)) (then (call $put_byte (i32.const 0x2c)))))) ;; ,
      (local.set $bit (i32.add (local.get $bit) (i32.const 1)))
      (local.set $facts (i32.shr_u (local.get $facts) (i32.const 1)))
      (br_if $next_fact (local.get $facts))))

  ;; Puts the name of a number; where it has none, `kind-4242`.
  (func $put_word (param $names i32) (param $prefix i32) (param $number i32)
    (local $name i32)
    (local.set $name (call $name (local.get $names) (local.get $number)))
    (if (local.get $name)
      (then (call $put_text (local.get $name)) (return)))
    (call $put_text (local.get $prefix))
    (call $put_byte (i32.const 0x2d)) ;; -
    (call $put_number (i64.extend_i32_u (local.get $number))))

  ;; ---- Kinds by name ------------------------------------------------------------------------------------------------
  ;; Names lie one after the other, in the order of their numbers: a byte with the length, then the name. The list
  ;; ends with a zero.

  ;; Where a name is put as a text.
  (global $named i32 (i32.const 0x4b0))

  ;; The name of this number, as a text; 0 where it has none. It stays until the next call.
  (func $name (param $names i32) (param $number i32) (result i32)
    (loop $next_name
      (if (i32.eqz (i32.load8_u (local.get $names))) (then (return (i32.const 0))))
      (if (local.get $number)
        (then
          (local.set $names (i32.add (i32.add (local.get $names) (i32.const 1)) (i32.load8_u (local.get $names))))
          (local.set $number (i32.sub (local.get $number) (i32.const 1)))
          (br $next_name))))
    (i32.store offset=0 (global.get $named) (i32.add (local.get $names) (i32.const 1)))
    (i32.store offset=4 (global.get $named) (i32.load8_u (local.get $names)))
    (global.get $named))

  ;; The number of the kind that a text names, of `kind-4242` as well; -1 where there is none.
  (func $kind_number (param $text i32) (result i64)
    (local $number i32) (local $name i32) (local $digit i32) (local $at i32) (local $end i32) (local $spelled i64)
    (block $no_more
      (loop $next_name
        (local.set $name (call $name (global.get $kind_names) (local.get $number)))
        (br_if $no_more (i32.eqz (local.get $name)))
        (if (call $equal (local.get $text) (local.get $name))
          (then (return (i64.extend_i32_u (local.get $number)))))
        (local.set $number (i32.add (local.get $number) (i32.const 1)))
        (br $next_name)))
    (if (i32.lt_u (call $length (local.get $text)) (i32.const 6)) (then (return (i64.const -1))))
    (local.set $at (call $bytes (local.get $text)))
    (local.set $end (i32.add (local.get $at) (call $length (local.get $text))))
    (if (i32.ne (i32.load align=1 (local.get $at)) (i32.const 0x646e696b)) (then (return (i64.const -1)))) ;; kind
    (if (i32.ne (i32.load8_u offset=4 (local.get $at)) (i32.const 0x2d)) (then (return (i64.const -1)))) ;; -
    (local.set $at (i32.add (local.get $at) (i32.const 5)))
    (loop $next_digit
      (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x30))) ;; 0
      (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (i64.const -1))))
      (local.set $spelled (i64.add
        (i64.mul (local.get $spelled) (i64.const 10))
        (i64.extend_i32_u (local.get $digit))))
      (if (i64.gt_u (local.get $spelled) (i64.const 0xffffffff)) (then (return (i64.const -1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next_digit (i32.ne (local.get $at) (local.get $end))))
    (local.get $spelled))

  ;; ---- Memory -------------------------------------------------------------------------------------------------------
  ;; Everything is taken from the end of one heap and never given back.

  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 0x1000))

  ;; Moves the heap's end to a multiple of $alignment, which is a power of two.
  (func $align (param $alignment i32)
    (global.set $heap (i32.and
      (i32.sub (i32.add (global.get $heap) (local.get $alignment)) (i32.const 1))
      (i32.sub (i32.const 0) (local.get $alignment)))))

  ;; Makes sure of $size bytes after the heap's end. Where there are none left, the policy ends here.
  (func $reserve (param $size i32)
    (local $missing i64)
    (local.set $missing (i64.sub
      (i64.add (i64.extend_i32_u (global.get $heap)) (i64.extend_i32_u (local.get $size)))
      (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
    (if (i64.gt_s (local.get $missing) (i64.const 0))
      (then
        (if (i32.eq (i32.const -1) (memory.grow
              (i32.wrap_i64 (i64.shr_u (i64.add (local.get $missing) (i64.const 0xffff)) (i64.const 16)))))
          (then (unreachable))))))

  ;; A piece of $size bytes.
  (func $allocate (param $size i32) (param $alignment i32) (result i32)
    (local $piece i32)
    (call $align (local.get $alignment))
    (call $reserve (local.get $size))
    (local.set $piece (global.get $heap))
    (global.set $heap (i32.add (local.get $piece) (local.get $size)))
    (local.get $piece))

  ;; The host allocates memory here for the arguments of `open`. It never asks for a larger one.
  (func (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $alignment i32) (param $size i32) (result i32)
    (call $allocate (local.get $size) (local.get $alignment)))

  ;; ---- Texts --------------------------------------------------------------------------------------------------------
  ;; A text is the address of two numbers: where its bytes are, and how many. The contract's strings lie in memory like
  ;; that, so a label's name is a text as it stands. 0 is no text.

  (func $bytes (param $text i32) (result i32)
    (i32.load (local.get $text)))
  (func $length (param $text i32) (result i32)
    (i32.load offset=4 (local.get $text)))

  ;; A new text is written at the heap's end: $begin, any number of $put..., $finish.
  (global $begun (mut i32) (i32.const 0))

  (func $begin
    (global.set $begun (global.get $heap)))

  (func $put_byte (param $byte i32)
    (call $reserve (i32.const 1))
    (i32.store8 (global.get $heap) (local.get $byte))
    (global.set $heap (i32.add (global.get $heap) (i32.const 1))))

  (func $put_text (param $text i32)
    (local $at i32) (local $end i32)
    (local.set $at (call $bytes (local.get $text)))
    (local.set $end (i32.add (local.get $at) (call $length (local.get $text))))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $at) (local.get $end)))
        (call $put_byte (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))

  (func $finish (result i32)
    (local $length i32) (local $text i32)
    (local.set $length (i32.sub (global.get $heap) (global.get $begun)))
    (local.set $text (call $allocate (i32.const 8) (i32.const 4)))
    (i32.store (local.get $text) (global.get $begun))
    (i32.store offset=4 (local.get $text) (local.get $length))
    (local.get $text))

  ;; Whether two texts have the same bytes.
  (func $equal (param $one i32) (param $other i32) (result i32)
    (local $index i32)
    (if (i32.ne (call $length (local.get $one)) (call $length (local.get $other)))
      (then (return (i32.const 0))))
    (loop $next
      (if (i32.eq (local.get $index) (call $length (local.get $one)))
        (then (return (i32.const 1))))
      (if (i32.ne
            (i32.load8_u (i32.add (call $bytes (local.get $one)) (local.get $index)))
            (i32.load8_u (i32.add (call $bytes (local.get $other)) (local.get $index))))
        (then (return (i32.const 0))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; ---- JSON ---------------------------------------------------------------------------------------------------------
  ;; A reader of what lies between $at and $end. The host hands over JSON in one form: no space, each field once, and
  ;; characters as they are but for those that JSON must escape. Each $take... moves $at over what it took, and answers 0
  ;; where something else stands there.

  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))

  ;; Takes this byte.
  (func $take (param $byte i32) (result i32)
    (if (i32.eq (global.get $at) (global.get $end)) (then (return (i32.const 0))))
    (if (i32.ne (i32.load8_u (global.get $at)) (local.get $byte)) (then (return (i32.const 0))))
    (global.set $at (i32.add (global.get $at) (i32.const 1)))
    (i32.const 1))

  ;; The next byte, whatever it is.
  (func $next (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 1)))
    (i32.load8_u (i32.sub (global.get $at) (i32.const 1))))

  ;; Takes an object: $read_field is given the name of each field, and takes its value. The answer is what is wrong, as a
  ;; text, or 0.
  (func $read_object (param $json i32) (param $length i32) (result i32)
    (local $name i32) (local $wrong i32)
    (global.set $at (local.get $json))
    (global.set $end (i32.add (local.get $json) (local.get $length)))
    (drop (call $take (i32.const 0x7b))) ;; {
    (loop $next_field
      (local.set $name (call $take_text))
      (if (i32.eqz (local.get $name)) (then (return (i32.const 0)))) ;; an object without fields
      (drop (call $take (i32.const 0x3a))) ;; :
      (local.set $wrong (call $read_field (local.get $name)))
      (if (local.get $wrong) (then (return (local.get $wrong))))
      (br_if $next_field (call $take (i32.const 0x2c)))) ;; ,
    (i32.const 0))

  ;; What is wrong with a field that is not as expected: its name and $expected, as a text. 0 where it $is_right.
  (func $unless (param $is_right i32) (param $name i32) (param $expected i32) (result i32)
    (if (local.get $is_right) (then (return (i32.const 0))))
    (call $begin)
    (call $put_byte (i32.const 0x60)) ;; `
    (call $put_text (local.get $name))
    (call $put_text (local.get $expected))
    (call $finish))

  ;; Takes a JSON string; the answer is a new text.
  (func $take_text (result i32)
    (local $byte i32)
    (if (i32.eqz (call $take (i32.const 0x22))) (then (return (i32.const 0)))) ;; "
    (call $begin)
    (loop $next_byte
      (local.set $byte (call $next))
      (if (i32.eq (local.get $byte) (i32.const 0x22)) (then (return (call $finish)))) ;; "
      (if (i32.eq (local.get $byte) (i32.const 0x5c)) ;; \
        (then (call $put_byte (call $take_escape)))
        (else (call $put_byte (local.get $byte))))
      (br $next_byte))
    (unreachable))

  ;; Takes what follows a backslash: `"`, `\`, a letter, or `u00` and two hexadecimal digits. The answer is what it stands
  ;; for.
  (func $take_escape (result i32)
    (local $byte i32)
    (local.set $byte (call $next))
    (if (i32.eq (local.get $byte) (i32.const 0x62)) (then (return (i32.const 0x08)))) ;; b
    (if (i32.eq (local.get $byte) (i32.const 0x66)) (then (return (i32.const 0x0c)))) ;; f
    (if (i32.eq (local.get $byte) (i32.const 0x6e)) (then (return (i32.const 0x0a)))) ;; n
    (if (i32.eq (local.get $byte) (i32.const 0x72)) (then (return (i32.const 0x0d)))) ;; r
    (if (i32.eq (local.get $byte) (i32.const 0x74)) (then (return (i32.const 0x09)))) ;; t
    (if (i32.ne (local.get $byte) (i32.const 0x75)) (then (return (local.get $byte)))) ;; u
    (global.set $at (i32.add (global.get $at) (i32.const 2)))
    (i32.or (i32.shl (call $take_hex) (i32.const 4)) (call $take_hex)))

  ;; Takes a hexadecimal digit.
  (func $take_hex (result i32)
    (local $byte i32)
    (local.set $byte (call $next))
    (i32.sub (local.get $byte)
      (select (i32.const 0x30) (i32.const 0x57) (i32.lt_u (local.get $byte) (i32.const 0x3a))))) ;; 0, or a less 10

  ;; Takes a text or null: 0 for null, -1 where neither stands there.
  (func $take_text_or_null (result i32)
    (local $text i32)
    (if (call $take (i32.const 0x6e)) ;; n
      (then
        (global.set $at (i32.add (global.get $at) (i32.const 3)))
        (return (i32.const 0))))
    (local.set $text (call $take_text))
    (select (local.get $text) (i32.const -1) (local.get $text)))

  ;; Takes a list of JSON strings. The answer is the address of two numbers, as of a text: where the first item's two
  ;; numbers are, and how many items there are.
  (func $take_texts (result i32)
    (local $items i32) (local $count i32) (local $text i32)
    (if (i32.eqz (call $take (i32.const 0x5b))) (then (return (i32.const 0)))) ;; [
    ;; An item takes three bytes at least, `"",`: there cannot be more items than that.
    (local.set $items (call $allocate
      (i32.mul (i32.const 8) (i32.add (i32.const 1) (i32.div_u (i32.sub (global.get $end) (global.get $at)) (i32.const 3))))
      (i32.const 4)))
    (if (i32.eqz (call $take (i32.const 0x5d))) ;; ]
      (then
        (loop $next_item
          (local.set $text (call $take_text))
          (if (i32.eqz (local.get $text)) (then (return (i32.const 0))))
          (i64.store align=4
            (i32.add (local.get $items) (i32.mul (local.get $count) (i32.const 8)))
            (i64.load align=4 (local.get $text)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br_if $next_item (call $take (i32.const 0x2c)))) ;; ,
        (drop (call $take (i32.const 0x5d))))) ;; ]
    (call $list (local.get $items) (local.get $count)))

  ;; A list of so many items.
  (func $list (param $items i32) (param $count i32) (result i32)
    (local $list i32)
    (local.set $list (call $allocate (i32.const 8) (i32.const 4)))
    (i32.store offset=0 (local.get $list) (local.get $items))
    (i32.store offset=4 (local.get $list) (local.get $count))
    (local.get $list))

  ;; Takes a list of names of kinds, and sets $kinds to a list of their numbers, 4 bytes each. The answer is what is wrong
  ;; with it, as a text, or 0.
  (func $read_kinds (param $field i32) (result i32)
    (local $texts i32) (local $text i32) (local $left i32) (local $kinds i32) (local $at i32) (local $number i64)
    (local.set $texts (call $take_texts))
    (if (i32.eqz (local.get $texts))
      (then (return (call $unless (i32.const 0) (local.get $field) (global.get $expected_kinds)))))
    (local.set $text (i32.load offset=0 (local.get $texts)))
    (local.set $left (i32.load offset=4 (local.get $texts)))
    (local.set $kinds (call $allocate (i32.mul (i32.const 4) (local.get $left)) (i32.const 4)))
    (global.set $kinds (call $list (local.get $kinds) (local.get $left)))
    (block $no_more
      (loop $next_text
        (br_if $no_more (i32.eqz (local.get $left)))
        (local.set $number (call $kind_number (local.get $text)))
        (if (i64.lt_s (local.get $number) (i64.const 0))
          (then (return (call $unless (i32.const 0) (local.get $text) (global.get $is_no_kind)))))
        (i32.store (local.get $kinds) (i32.wrap_i64 (local.get $number)))
        (local.set $kinds (i32.add (local.get $kinds) (i32.const 4)))
        (local.set $text (i32.add (local.get $text) (i32.const 8)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next_text)))
    (i32.const 0)))
