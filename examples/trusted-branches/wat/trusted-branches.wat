;; Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
;; nothing a pull request makes reaches a trusted build.
;;
;; By hand and without an SDK, to show that the contract needs none. In order: what the policy decides, its settings, its
;; constants, then what any policy with texts and settings can take over as it is: patterns, memory, texts, JSON.
;; The layouts are told in guest-sdk/wat/README.md.
(module
  ;; ---- The policy ---------------------------------------------------------------------------------------------------

  (func (export "open")
    (param $started i64) (param $seed i64)
    (param $labels i32) (param $label_count i32)
    (param $readable i32) (param $readable_count i32)
    (param $writable i32) (param $writable_count i32)
    (param $settings i32) (param $settings_length i32)
    (result i32)
    (local $wrong i32) (local $git_ref i32) (local $own i32)
    (local.set $wrong (call $read_settings (local.get $settings) (local.get $settings_length)))
    (if (local.get $wrong) (then (return (call $refuse_settings (local.get $wrong)))))

    (local.set $git_ref (call $find_label (local.get $labels) (local.get $label_count) (global.get $label)))
    (if (i32.eqz (local.get $git_ref))
      (then (return (call $grant (i32.const 0) (global.get $main) (i32.const 0)))))
    (if (call $matches (global.get $trusted) (call $label_value (local.get $git_ref)))
      (then (return (call $grant (global.get $main) (global.get $main) (i32.const 0)))))
    (call $begin)
    (call $put_text (global.get $ref_dash))
    (call $put_text (call $label_scope (local.get $git_ref)))
    (local.set $own (call $finish))
    (call $grant (local.get $own) (local.get $own) (global.get $main)))

  ;; ---- Settings -----------------------------------------------------------------------------------------------------

  ;; The label that names the ref being built: a text.
  (global $label (mut i32) (i32.const 0x060)) ;; $default_label
  ;; The refs whose builds may write `main`: a list of patterns.
  (global $trusted (mut i32) (i32.const 0x080)) ;; $default_trusted

  ;; Sets the globals from a JSON text. The answer is what is wrong with it, as a text, or 0.
  (func $read_settings (param $settings i32) (param $length i32) (result i32)
    (local $name i32) (local $label_seen i32) (local $trusted_seen i32)
    (global.set $at (local.get $settings))
    (global.set $end (i32.add (local.get $settings) (local.get $length)))
    (if (i32.eqz (call $take (i32.const 0x7b))) (then (return (global.get $not_an_object)))) ;; {
    (if (i32.eqz (call $take (i32.const 0x7d))) ;; }
      (then
        (loop $next_field
          (local.set $name (call $take_text))
          (if (i32.eqz (local.get $name)) (then (return (global.get $not_a_field))))
          (if (i32.eqz (call $take (i32.const 0x3a))) (then (return (global.get $not_a_field)))) ;; :
          (block $known_field
            (if (call $equal (local.get $name) (global.get $label_field))
              (then
                (if (local.get $label_seen) (then (return (global.get $label_twice))))
                (local.set $label_seen (i32.const 1))
                (global.set $label (call $take_text))
                (br_if $known_field (global.get $label))
                (return (global.get $label_wrong))))
            (if (call $equal (local.get $name) (global.get $trusted_field))
              (then
                (if (local.get $trusted_seen) (then (return (global.get $trusted_twice))))
                (local.set $trusted_seen (i32.const 1))
                (global.set $trusted (call $take_texts))
                (br_if $known_field (global.get $trusted))
                (return (global.get $trusted_wrong))))
            (call $begin)
            (call $put_text (global.get $unknown))
            (call $put_text (local.get $name))
            (call $put_text (global.get $expected_fields))
            (return (call $finish)))
          (br_if $next_field (call $take (i32.const 0x2c)))) ;; ,
        (if (i32.eqz (call $take (i32.const 0x7d))) (then (return (global.get $not_ended)))))) ;; }
    (call $skip_space)
    (if (i32.ne (global.get $at) (global.get $end)) (then (return (global.get $not_alone))))
    (i32.const 0))

  ;; ---- Constants ----------------------------------------------------------------------------------------------------
  ;; Each is a text: in memory its two numbers, address and length, and then its bytes.

  (global $main i32 (i32.const 0x020))
  (data (i32.const 0x020) "\28\00\00\00\04\00\00\00main")
  (global $ref_dash i32 (i32.const 0x030))
  (data (i32.const 0x030) "\38\00\00\00\04\00\00\00ref-")
  (global $label_field i32 (i32.const 0x040))
  (data (i32.const 0x040) "\48\00\00\00\05\00\00\00label")
  (global $trusted_field i32 (i32.const 0x050))
  (data (i32.const 0x050) "\58\00\00\00\07\00\00\00trusted")
  (global $default_label i32 (i32.const 0x060))
  (data (i32.const 0x060) "\68\00\00\00\0a\00\00\00GITHUB_REF")
  ;; Two patterns: the list's two numbers, those of each item, and then the bytes.
  (global $default_trusted i32 (i32.const 0x080))
  (data (i32.const 0x080)
    "\88\00\00\00\02\00\00\00\98\00\00\00\0f\00\00\00\a7\00\00\00\11\00\00\00"
    "refs/heads/mainrefs/heads/master")
  (global $not_an_object i32 (i32.const 0x0c0))
  (data (i32.const 0x0c0) "\c8\00\00\00\24\00\00\00expected a JSON object, such as `{}`")
  (global $not_a_field i32 (i32.const 0x0f0))
  (data (i32.const 0x0f0) "\f8\00\00\00\29\00\00\00expected a field, as in `{\22name\22: value}`")
  (global $not_ended i32 (i32.const 0x130))
  (data (i32.const 0x130) "\38\01\00\00\21\00\00\00expected `,` or `}` after a value")
  (global $not_alone i32 (i32.const 0x160))
  (data (i32.const 0x160) "\68\01\00\00\21\00\00\00expected nothing after the object")
  (global $label_wrong i32 (i32.const 0x190))
  (data (i32.const 0x190) "\98\01\00\00\18\00\00\00`label`: expected a text")
  (global $trusted_wrong i32 (i32.const 0x1b0))
  (data (i32.const 0x1b0) "\b8\01\00\00\23\00\00\00`trusted`: expected a list of texts")
  (global $label_twice i32 (i32.const 0x1e0))
  (data (i32.const 0x1e0) "\e8\01\00\00\1f\00\00\00`label`: the field occurs twice")
  (global $trusted_twice i32 (i32.const 0x210))
  (data (i32.const 0x210) "\18\02\00\00\21\00\00\00`trusted`: the field occurs twice")
  (global $unknown i32 (i32.const 0x240))
  (data (i32.const 0x240) "\48\02\00\00\0f\00\00\00unknown field `")
  (global $expected_fields i32 (i32.const 0x260))
  (data (i32.const 0x260) "\68\02\00\00\20\00\00\00`, expected `label` or `trusted`")

  ;; Where `open` leaves its answer: 28 bytes, and after them the list of scopes to read, at most two.
  (global $answer i32 (i32.const 0x290))
  (global $answer_read i32 (i32.const 0x2b0))

  ;; ---- What `open` answers ------------------------------------------------------------------------------------------

  ;; A grant: $write is a text or 0 for nothing, $first and $second are the scopes to read, the second may be 0.
  (func $grant (param $write i32) (param $first i32) (param $second i32) (result i32)
    (i32.store8 offset=0 (global.get $answer) (i32.const 0)) ;; a grant
    (i32.store8 offset=4 (global.get $answer) (i32.ne (local.get $write) (i32.const 0))) ;; whether there is a `write`
    (if (local.get $write)
      (then (i64.store offset=8 align=4 (global.get $answer) (i64.load align=4 (local.get $write)))))
    (i64.store offset=0 align=4 (global.get $answer_read) (i64.load align=4 (local.get $first)))
    (if (local.get $second)
      (then (i64.store offset=8 align=4 (global.get $answer_read) (i64.load align=4 (local.get $second)))))
    (i32.store offset=16 (global.get $answer) (global.get $answer_read)) ;; `read`: address
    (i32.store offset=20 (global.get $answer) (i32.add (i32.const 1) (i32.ne (local.get $second) (i32.const 0)))) ;; count
    (i32.store offset=24 (global.get $answer) (i32.const 0)) ;; `lifetime`: as long as the store keeps it
    (global.get $answer))

  ;; A refusal of the settings, for a reason.
  (func $refuse_settings (param $reason i32) (result i32)
    (i32.store8 offset=0 (global.get $answer) (i32.const 1)) ;; a refusal
    (i32.store8 offset=4 (global.get $answer) (i32.const 0)) ;; of the settings
    (i64.store offset=8 align=4 (global.get $answer) (i64.load align=4 (local.get $reason)))
    (global.get $answer))

  ;; ---- Labels -------------------------------------------------------------------------------------------------------
  ;; A label is 28 bytes: the texts `name`, `value` and `scope`, then one byte that tells whether it is verified.

  (func $label_value (param $label i32) (result i32)
    (i32.add (local.get $label) (i32.const 8)))
  (func $label_scope (param $label i32) (result i32)
    (i32.add (local.get $label) (i32.const 16)))

  ;; The label of this name, or 0. Where the host proved one and the job claims another, the proved one.
  (func $find_label (param $labels i32) (param $count i32) (param $name i32) (result i32)
    (local $claimed i32)
    (block $done
      (loop $next_label
        (br_if $done (i32.eqz (local.get $count)))
        (if (call $equal (local.get $labels) (local.get $name)) ;; the name is the label's first text
          (then
            (if (i32.load8_u offset=24 (local.get $labels)) (then (return (local.get $labels))))
            (if (i32.eqz (local.get $claimed)) (then (local.set $claimed (local.get $labels))))))
        (local.set $labels (i32.add (local.get $labels) (i32.const 28)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next_label)))
    (local.get $claimed))

  ;; ---- Patterns -----------------------------------------------------------------------------------------------------

  ;; Whether any pattern of the list stands for the whole of $name.
  (func $matches (param $patterns i32) (param $name i32) (result i32)
    (local $pattern i32) (local $left i32)
    (local.set $pattern (i32.load (local.get $patterns)))
    (local.set $left (i32.load offset=4 (local.get $patterns)))
    (loop $next_pattern
      (if (i32.eqz (local.get $left)) (then (return (i32.const 0))))
      (if (call $matches_one (local.get $pattern) (local.get $name)) (then (return (i32.const 1))))
      (local.set $pattern (i32.add (local.get $pattern) (i32.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $next_pattern))
    (unreachable))

  ;; One pattern: `*` is any run of characters. On a difference the last star takes one more byte: the earliest place for
  ;; what stands before a star leaves the most room for what stands after it, so no other star need be tried again.
  (func $matches_one (param $pattern i32) (param $name i32) (result i32)
    (local $in_pattern i32) (local $pattern_end i32) (local $in_name i32) (local $name_end i32)
    (local $after_star i32) ;; 0: there was no star
    (local $star_end i32) (local $byte i32)
    (local.set $in_pattern (call $bytes (local.get $pattern)))
    (local.set $pattern_end (i32.add (local.get $in_pattern) (call $length (local.get $pattern))))
    (local.set $in_name (call $bytes (local.get $name)))
    (local.set $name_end (i32.add (local.get $in_name) (call $length (local.get $name))))
    (loop $next
      (local.set $byte (i32.const 0)) ;; the pattern's next byte, 0 at its end
      (if (i32.lt_u (local.get $in_pattern) (local.get $pattern_end))
        (then (local.set $byte (i32.load8_u (local.get $in_pattern)))))
      (if (i32.eq (local.get $byte) (i32.const 0x2a)) ;; *
        (then
          (local.set $in_pattern (i32.add (local.get $in_pattern) (i32.const 1)))
          (local.set $after_star (local.get $in_pattern))
          (local.set $star_end (local.get $in_name))
          (br $next)))
      (if (i32.eq (local.get $in_name) (local.get $name_end))
        (then (return (i32.eq (local.get $in_pattern) (local.get $pattern_end)))))
      (if (i32.lt_u (local.get $in_pattern) (local.get $pattern_end))
        (then
          (if (i32.eq (local.get $byte) (i32.load8_u (local.get $in_name)))
            (then
              (local.set $in_pattern (i32.add (local.get $in_pattern) (i32.const 1)))
              (local.set $in_name (i32.add (local.get $in_name) (i32.const 1)))
              (br $next)))))
      (if (i32.eqz (local.get $after_star)) (then (return (i32.const 0))))
      (local.set $star_end (i32.add (local.get $star_end) (i32.const 1)))
      (local.set $in_name (local.get $star_end))
      (local.set $in_pattern (local.get $after_star))
      (br $next))
    (unreachable))

  ;; ---- Memory -------------------------------------------------------------------------------------------------------
  ;; Everything is taken from the end of one heap and never given back.

  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 0x400))

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

  ;; The host asks here for room for what it tells `open`. It never asks to make a piece larger.
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
  ;; A reader of what lies between $at and $end. Each $take... moves $at over what it took, and answers 0 where
  ;; something else stands there.

  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))

  (func $skip_space
    (local $byte i32)
    (loop $next
      (if (i32.eq (global.get $at) (global.get $end)) (then (return)))
      (local.set $byte (i32.load8_u (global.get $at)))
      (if (i32.or
            (i32.or (i32.eq (local.get $byte) (i32.const 0x20)) (i32.eq (local.get $byte) (i32.const 0x09)))
            (i32.or (i32.eq (local.get $byte) (i32.const 0x0a)) (i32.eq (local.get $byte) (i32.const 0x0d))))
        (then
          (global.set $at (i32.add (global.get $at) (i32.const 1)))
          (br $next)))))

  ;; Takes this byte, and white space before it.
  (func $take (param $byte i32) (result i32)
    (call $skip_space)
    (if (i32.eq (global.get $at) (global.get $end)) (then (return (i32.const 0))))
    (if (i32.ne (i32.load8_u (global.get $at)) (local.get $byte)) (then (return (i32.const 0))))
    (global.set $at (i32.add (global.get $at) (i32.const 1)))
    (i32.const 1))

  ;; The next byte, whatever it is; at the end a zero byte, which JSON never has.
  (func $next (result i32)
    (if (i32.eq (global.get $at) (global.get $end)) (then (return (i32.const 0))))
    (global.set $at (i32.add (global.get $at) (i32.const 1)))
    (i32.load8_u (i32.sub (global.get $at) (i32.const 1))))

  ;; Takes a JSON string; the answer is a new text.
  (func $take_text (result i32)
    (local $byte i32)
    (if (i32.eqz (call $take (i32.const 0x22))) (then (return (i32.const 0)))) ;; "
    (call $begin)
    (loop $next_byte
      (local.set $byte (call $next))
      (if (i32.eq (local.get $byte) (i32.const 0x22)) (then (return (call $finish)))) ;; "
      ;; Control characters must be escaped.
      (if (i32.lt_u (local.get $byte) (i32.const 0x20)) (then (return (i32.const 0))))
      (if (i32.eq (local.get $byte) (i32.const 0x5c)) ;; \
        (then
          (br_if $next_byte (call $take_escape))
          (return (i32.const 0))))
      (call $put_byte (local.get $byte))
      (br $next_byte))
    (unreachable))

  ;; Takes what follows a backslash, and puts what it stands for.
  (func $take_escape (result i32)
    (local $byte i32) (local $meaning i32)
    (local.set $byte (call $next))
    (if (i32.eq (local.get $byte) (i32.const 0x75)) (then (return (call $take_unicode)))) ;; u
    (if (i32.eq (local.get $byte) (i32.const 0x22)) (then (local.set $meaning (i32.const 0x22)))) ;; "
    (if (i32.eq (local.get $byte) (i32.const 0x5c)) (then (local.set $meaning (i32.const 0x5c)))) ;; \
    (if (i32.eq (local.get $byte) (i32.const 0x2f)) (then (local.set $meaning (i32.const 0x2f)))) ;; /
    (if (i32.eq (local.get $byte) (i32.const 0x62)) (then (local.set $meaning (i32.const 0x08)))) ;; b
    (if (i32.eq (local.get $byte) (i32.const 0x66)) (then (local.set $meaning (i32.const 0x0c)))) ;; f
    (if (i32.eq (local.get $byte) (i32.const 0x6e)) (then (local.set $meaning (i32.const 0x0a)))) ;; n
    (if (i32.eq (local.get $byte) (i32.const 0x72)) (then (local.set $meaning (i32.const 0x0d)))) ;; r
    (if (i32.eq (local.get $byte) (i32.const 0x74)) (then (local.set $meaning (i32.const 0x09)))) ;; t
    (if (i32.eqz (local.get $meaning)) (then (return (i32.const 0))))
    (call $put_byte (local.get $meaning))
    (i32.const 1))

  ;; Takes the four digits after `\u`. A character beyond 16 bits is spelled as two of them, a high surrogate (d800 to
  ;; dbff) and a low one (dc00 to dfff) with ten bits each; half of such a pair is no character.
  (func $take_unicode (result i32)
    (local $unit i32) (local $low i32)
    (local.set $unit (call $take_hex))
    (if (i32.lt_s (local.get $unit) (i32.const 0)) (then (return (i32.const 0))))
    (if (i32.eq (i32.and (local.get $unit) (i32.const 0xfc00)) (i32.const 0xdc00)) (then (return (i32.const 0))))
    (if (i32.eq (i32.and (local.get $unit) (i32.const 0xfc00)) (i32.const 0xd800))
      (then
        (if (i32.ne (call $next) (i32.const 0x5c)) (then (return (i32.const 0)))) ;; \
        (if (i32.ne (call $next) (i32.const 0x75)) (then (return (i32.const 0)))) ;; u
        (local.set $low (call $take_hex))
        (if (i32.ne (i32.and (local.get $low) (i32.const 0xfffffc00)) (i32.const 0xdc00))
          (then (return (i32.const 0))))
        (local.set $unit (i32.add (i32.const 0x10000) (i32.or
          (i32.shl (i32.and (local.get $unit) (i32.const 0x3ff)) (i32.const 10))
          (i32.and (local.get $low) (i32.const 0x3ff)))))))
    (call $put_character (local.get $unit))
    (i32.const 1))

  ;; Takes four hexadecimal digits; -1 where they are none.
  (func $take_hex (result i32)
    (local $count i32) (local $digit i32) (local $number i32)
    (loop $next_digit
      (local.set $digit (i32.sub (call $next) (i32.const 0x30))) ;; 0
      (if (i32.gt_u (local.get $digit) (i32.const 9))
        (then
          ;; A letter: without the bit that tells lower case from upper, counted from `A`.
          (local.set $digit (i32.sub
            (i32.and (i32.add (local.get $digit) (i32.const 0x30)) (i32.const 0xdf))
            (i32.const 0x41)))
          (if (i32.gt_u (local.get $digit) (i32.const 5)) (then (return (i32.const -1))))
          (local.set $digit (i32.add (local.get $digit) (i32.const 10)))))
      (local.set $number (i32.or (i32.shl (local.get $number) (i32.const 4)) (local.get $digit)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $next_digit (i32.lt_u (local.get $count) (i32.const 4))))
    (local.get $number))

  ;; Puts a character as UTF-8: the first byte tells how many follow, and each of those carries six bits.
  (func $put_character (param $character i32)
    (if (i32.lt_u (local.get $character) (i32.const 0x80))
      (then (call $put_byte (local.get $character)) (return)))
    (if (i32.lt_u (local.get $character) (i32.const 0x800))
      (then
        (call $put_byte (i32.or (i32.const 0xc0) (i32.shr_u (local.get $character) (i32.const 6)))))
      (else
        (if (i32.lt_u (local.get $character) (i32.const 0x10000))
          (then
            (call $put_byte (i32.or (i32.const 0xe0) (i32.shr_u (local.get $character) (i32.const 12)))))
          (else
            (call $put_byte (i32.or (i32.const 0xf0) (i32.shr_u (local.get $character) (i32.const 18))))
            (call $put_six_bits (i32.shr_u (local.get $character) (i32.const 12)))))
        (call $put_six_bits (i32.shr_u (local.get $character) (i32.const 6)))))
    (call $put_six_bits (local.get $character)))

  (func $put_six_bits (param $bits i32)
    (call $put_byte (i32.or (i32.const 0x80) (i32.and (local.get $bits) (i32.const 0x3f)))))

  ;; Takes a list of JSON strings. The answer is the address of two numbers, as of a text: where the first item's two
  ;; numbers are, and how many items there are.
  (func $take_texts (result i32)
    (local $items i32) (local $count i32) (local $text i32) (local $list i32)
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
        (if (i32.eqz (call $take (i32.const 0x5d))) (then (return (i32.const 0)))))) ;; ]
    (local.set $list (call $allocate (i32.const 8) (i32.const 4)))
    (i32.store (local.get $list) (local.get $items))
    (i32.store offset=4 (local.get $list) (local.get $count))
    (local.get $list)))
