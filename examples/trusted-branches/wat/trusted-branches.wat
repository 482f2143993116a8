;; Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its own,
;; so that no trusted build uses what a pull request has made.
;;
;; By hand and without an SDK, to show that the contract needs none. In order: what the policy decides, its settings, its
;; constants, then what any policy with texts and settings can take over as it is: labels, patterns, kinds by name, memory,
;; texts, JSON. The layouts are described in guest-sdk/wat/README.md.
(module
  (import "cachewarden:policy/host@0.2.0" "log" (func $log (param $level i32) (param $bytes i32) (param $length i32)))

  ;; ---- The policy ---------------------------------------------------------------------------------------------------

  (func (export "open")
    (param $started i64) (param $seed i64)
    (param $labels i32) (param $label_count i32)
    (param $readable i32) (param $readable_count i32)
    (param $writable i32) (param $writable_count i32)
    (param $settings i32) (param $settings_length i32)
    (result i32)
    (local $wrong i32) (local $main i32) (local $repository i32) (local $git_ref i32) (local $own i32)
    (global.set $labels (local.get $labels))
    (global.set $label_count (local.get $label_count))
    (local.set $wrong (call $read_object (local.get $settings) (local.get $settings_length)))
    (if (local.get $wrong) (then (return (call $refuse_settings (local.get $wrong)))))

    (local.set $main (global.get $main_text))
    (if (global.get $repository)
      (then
        (local.set $repository (call $find_label (global.get $repository)))
        (if (i32.eqz (local.get $repository))
          (then
            (call $warn_that_none_is (global.get $repository) (global.get $or_set_null))
            (return (call $grant (i32.const 0) (i32.const 0) (i32.const 0)))))
        (local.set $main (call $joined
          (global.get $main_dash) (call $label_scope (local.get $repository))
          (global.get $nothing) (global.get $nothing)))))

    (local.set $git_ref (call $find_label (global.get $ref)))
    (if (i32.eqz (local.get $git_ref))
      (then
        (call $warn_that_none_is (global.get $ref) (global.get $writes_nothing))
        (return (call $grant (i32.const 0) (local.get $main) (i32.const 0)))))
    (if (call $trusts (local.get $git_ref))
      (then (return (call $grant (local.get $main) (local.get $main) (i32.const 0)))))
    (local.set $own (call $own_scope (local.get $repository) (local.get $git_ref)))
    (call $grant (local.get $own) (local.get $own) (local.get $main)))

  ;; Whether a build of this ref may write `main`.
  (func $trusts (param $git_ref i32) (result i32)
    (local $event i32)
    (if (global.get $event)
      (then
        (local.set $event (call $find_label (global.get $event)))
        (if (i32.eqz (local.get $event))
          (then
            (call $warn_that_none_is (global.get $event) (global.get $or_event_null))
            (return (i32.const 0))))
        (if (i32.eqz (call $matches (global.get $events) (call $label_value (local.get $event))))
          (then (return (i32.const 0))))))
    (call $matches (global.get $trusted) (call $label_value (local.get $git_ref))))

  ;; The scope of one ref of one repository, which may be 0. `_-` cannot occur within a label's scope part, so two pairs
  ;; never meet. The name of a scope has at most 96 bytes.
  (func $own_scope (param $repository i32) (param $git_ref i32) (result i32)
    (local $scope i32)
    (if (i32.eqz (local.get $repository))
      (then (return (call $joined
        (global.get $ref_dash) (call $label_scope (local.get $git_ref))
        (global.get $nothing) (global.get $nothing)))))
    (local.set $scope (call $joined
      (global.get $ref_dash) (call $label_scope (local.get $repository))
      (global.get $between) (call $label_scope (local.get $git_ref))))
    (if (i32.le_u (call $length (local.get $scope)) (i32.const 96)) (then (return (local.get $scope))))
    (call $joined
      (global.get $long_dash) (call $label_hash (local.get $repository))
      (global.get $dash) (call $label_hash (local.get $git_ref))))

  ;; Whether the session writes a scope, which is then the first that it reads.
  (global $writes (mut i32) (i32.const 0))

  (func (export "get")
    (param $action_a i64) (param $action_b i64) (param $action_c i64) (param $action_d i64)
    (param $output_a i64) (param $output_b i64) (param $output_c i64) (param $output_d i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32)
    (result i32)
    (if (i32.and (global.get $writes) (i32.eqz (local.get $scope))) (then (return (i32.const 0)))) ;; hit
    (if (i32.eqz (call $is_chosen (local.get $kind))) (then (return (i32.const 2)))) ;; skip
    ;; A package archive (2) counts where its build ID matches (bit 1) only.
    (if (i32.and (i32.eq (local.get $kind) (i32.const 2)) (i32.eqz (i32.and (local.get $facts) (i32.const 1))))
      (then (return (i32.const 2)))) ;; skip
    (i32.const 0)) ;; hit

  ;; Whether a kind is in $kinds.
  (func $is_chosen (param $kind i32) (result i32)
    (local $at i32) (local $left i32)
    (local.set $at (i32.load offset=0 (global.get $kinds)))
    (local.set $left (i32.load offset=4 (global.get $kinds)))
    (loop $next_kind
      (if (i32.eqz (local.get $left)) (then (return (i32.const 0))))
      (if (i32.eq (local.get $kind) (i32.load (local.get $at))) (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $next_kind))
    (unreachable))

  ;; ---- Settings -----------------------------------------------------------------------------------------------------

  ;; The label that names the ref being built.
  (global $ref (mut i32) (i32.const 0x110)) ;; $default_ref
  ;; The label that names the repository; 0: the store is for one repository.
  (global $repository (mut i32) (i32.const 0x130)) ;; $default_repository
  ;; The label that names the event; 0: events are ignored.
  (global $event (mut i32) (i32.const 0x150)) ;; $default_event
  ;; Patterns of the refs, and of the events, whose builds may write `main`.
  (global $trusted (mut i32) (i32.const 0x390)) ;; $default_trusted
  (global $events (mut i32) (i32.const 0x3d0)) ;; $default_events
  ;; Whether labels that the host did not verify are as if they were not there.
  (global $verified (mut i32) (i32.const 0))
  ;; The kinds that are accepted from `main` in a build that does not write it: a list of their numbers.
  (global $kinds (mut i32) (i32.const 0x410)) ;; $default_kinds

  ;; Takes the value of a field, and sets its global. The answer is what is wrong with it, as a text, or 0.
  (func $read_field (param $name i32) (result i32)
    (if (call $equal (local.get $name) (global.get $ref_field))
      (then
        (global.set $ref (call $take_text))
        (return (call $unless (global.get $ref) (local.get $name) (global.get $expected_text)))))
    (if (call $equal (local.get $name) (global.get $repository_field))
      (then
        (global.set $repository (call $take_text_or_null))
        (return (call $unless
          (i32.ne (global.get $repository) (i32.const -1)) (local.get $name) (global.get $expected_text_or_null)))))
    (if (call $equal (local.get $name) (global.get $event_field))
      (then
        (global.set $event (call $take_text_or_null))
        (return (call $unless
          (i32.ne (global.get $event) (i32.const -1)) (local.get $name) (global.get $expected_text_or_null)))))
    (if (call $equal (local.get $name) (global.get $trusted_field))
      (then
        (global.set $trusted (call $take_texts))
        (return (call $unless (global.get $trusted) (local.get $name) (global.get $expected_texts)))))
    (if (call $equal (local.get $name) (global.get $events_field))
      (then
        (global.set $events (call $take_texts))
        (return (call $unless (global.get $events) (local.get $name) (global.get $expected_texts)))))
    (if (call $equal (local.get $name) (global.get $verified_field))
      (then
        (global.set $verified (call $take_truth))
        (return (call $unless
          (i32.ne (global.get $verified) (i32.const -1)) (local.get $name) (global.get $expected_truth)))))
    (if (call $equal (local.get $name) (global.get $kinds_field))
      (then (return (call $read_kinds (local.get $name)))))
    (call $joined (global.get $unknown) (local.get $name) (global.get $expected_fields) (global.get $nothing)))

  ;; Takes `true` or `false`; -1 where neither stands there.
  (func $take_truth (result i32)
    (if (call $take (i32.const 0x74)) ;; t
      (then
        (global.set $at (i32.add (global.get $at) (i32.const 3)))
        (return (i32.const 1))))
    (if (call $take (i32.const 0x66)) ;; f
      (then
        (global.set $at (i32.add (global.get $at) (i32.const 4)))
        (return (i32.const 0))))
    (i32.const -1))

  ;; ---- Constants ----------------------------------------------------------------------------------------------------
  ;; Each is a text: in memory its two numbers, address and length, and then its bytes.

  (global $nothing i32 (i32.const 0x020))
  (data (i32.const 0x020) "\28\00\00\00\00\00\00\00")
  (global $main_text i32 (i32.const 0x030))
  (data (i32.const 0x030) "\38\00\00\00\04\00\00\00main")
  (global $main_dash i32 (i32.const 0x040))
  (data (i32.const 0x040) "\48\00\00\00\05\00\00\00main-")
  (global $ref_dash i32 (i32.const 0x050))
  (data (i32.const 0x050) "\58\00\00\00\04\00\00\00ref-")
  (global $between i32 (i32.const 0x060))
  (data (i32.const 0x060) "\68\00\00\00\02\00\00\00_-")
  (global $long_dash i32 (i32.const 0x070))
  (data (i32.const 0x070) "\78\00\00\00\05\00\00\00long-")
  (global $dash i32 (i32.const 0x080))
  (data (i32.const 0x080) "\88\00\00\00\01\00\00\00-")
  (global $ref_field i32 (i32.const 0x090))
  (data (i32.const 0x090) "\98\00\00\00\03\00\00\00ref")
  (global $repository_field i32 (i32.const 0x0a0))
  (data (i32.const 0x0a0) "\a8\00\00\00\0a\00\00\00repository")
  (global $event_field i32 (i32.const 0x0c0))
  (data (i32.const 0x0c0) "\c8\00\00\00\05\00\00\00event")
  (global $trusted_field i32 (i32.const 0x0d0))
  (data (i32.const 0x0d0) "\d8\00\00\00\07\00\00\00trusted")
  (global $events_field i32 (i32.const 0x0e0))
  (data (i32.const 0x0e0) "\e8\00\00\00\06\00\00\00events")
  (global $verified_field i32 (i32.const 0x0f0))
  (data (i32.const 0x0f0) "\f8\00\00\00\08\00\00\00verified")
  (global $kinds_field i32 (i32.const 0x100))
  (data (i32.const 0x100) "\08\01\00\00\05\00\00\00kinds")
  (global $default_ref i32 (i32.const 0x110))
  (data (i32.const 0x110) "\18\01\00\00\0a\00\00\00GITHUB_REF")
  (global $default_repository i32 (i32.const 0x130))
  (data (i32.const 0x130) "\38\01\00\00\11\00\00\00GITHUB_REPOSITORY")
  (global $default_event i32 (i32.const 0x150))
  (data (i32.const 0x150) "\58\01\00\00\11\00\00\00GITHUB_EVENT_NAME")
  (global $expected_text i32 (i32.const 0x170))
  (data (i32.const 0x170) "\78\01\00\00\12\00\00\00`: expected a text")
  (global $expected_text_or_null i32 (i32.const 0x190))
  (data (i32.const 0x190) "\98\01\00\00\1a\00\00\00`: expected a text or null")
  (global $expected_texts i32 (i32.const 0x1c0))
  (data (i32.const 0x1c0) "\c8\01\00\00\1b\00\00\00`: expected a list of texts")
  (global $expected_truth i32 (i32.const 0x1f0))
  (data (i32.const 0x1f0) "\f8\01\00\00\19\00\00\00`: expected true or false")
  (global $expected_kinds i32 (i32.const 0x220))
  (data (i32.const 0x220) "\28\02\00\00\24\00\00\00`: expected a list of names of kinds")
  (global $is_no_kind i32 (i32.const 0x250))
  (data (i32.const 0x250) "\58\02\00\00\0c\00\00\00` is no kind")
  (global $unknown i32 (i32.const 0x270))
  (data (i32.const 0x270) "\78\02\00\00\0f\00\00\00unknown field `")
  (global $expected_fields i32 (i32.const 0x290))
  (data (i32.const 0x290) "\98\02\00\00\59\00\00\00`, expected one of `ref`, `repository`, `event`, `trusted`, `events`, `verified`, `kinds`")
  (global $no_label i32 (i32.const 0x300))
  (data (i32.const 0x300) "\08\03\00\00\09\00\00\00no label ")
  (global $or_set_null i32 (i32.const 0x340))
  (data (i32.const 0x340) "\48\03\00\00\41\00\00\00, or set repository to null where the store is for one repository")

  ;; Patterns: the list's two numbers, those of each item, and then the bytes.
  (global $default_trusted i32 (i32.const 0x390))
  (data (i32.const 0x390)
    "\98\03\00\00\02\00\00\00\a8\03\00\00\0f\00\00\00\b7\03\00\00\11\00\00\00"
    "refs/heads/mainrefs/heads/master")
  ;; The same for events.
  (global $default_events i32 (i32.const 0x3d0))
  (data (i32.const 0x3d0)
    "\d8\03\00\00\03\00\00\00\f0\03\00\00\04\00\00\00\f4\03\00\00\08\00\00\00"
    "\fc\03\00\00\11\00\00\00"
    "pushscheduleworkflow_dispatch")
  ;; Kinds: the list's two numbers, and then those of the kinds.
  (global $default_kinds i32 (i32.const 0x410))
  (data (i32.const 0x410)
    "\18\04\00\00\0b\00\00\00"
    "\01\00\00\00" ;; empty
    "\02\00\00\00" ;; package-archive
    "\04\00\00\00" ;; file-list
    "\05\00\00\00" ;; test-record
    "\06\00\00\00" ;; analysis-facts
    "\07\00\00\00" ;; generated-source
    "\08\00\00\00" ;; coverage-meta
    "\09\00\00\00" ;; probe
    "\0c\00\00\00" ;; tool-output
    "\0d\00\00\00" ;; analysis-result
    "\0e\00\00\00" ;; pgo-profile
  )

  ;; Where `open` leaves its answer: 36 bytes, and after them the list of scopes to read, at most two.
  (global $answer i32 (i32.const 0x460))
  (global $answer_read i32 (i32.const 0x490))

  ;; Three more texts, as above.
  (global $writes_nothing i32 (i32.const 0x4b0))
  (data (i32.const 0x4b0) "\b8\04\00\00\26\00\00\00; until then this build writes nothing")
  (global $or_event_null i32 (i32.const 0x4e0))
  (data (i32.const 0x4e0) "\e8\04\00\00\52\00\00\00, or set event to null where events do not matter; until then no build writes main")
  (global $pass_label_env i32 (i32.const 0x540))
  (data (i32.const 0x540) "\48\05\00\00\28\00\00\00: set the variable and pass --label-env ")

  ;; The names of all kinds, with room for more to come.
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

  ;; ---- What `open` answers ------------------------------------------------------------------------------------------

  ;; A grant: $write is a text or 0 for nothing, $first and $second are the scopes to read, 0 for none. All else in the
  ;; answer is zero as memory begins: no lifetime, no kinds to admit.
  (func $grant (param $write i32) (param $first i32) (param $second i32) (result i32)
    (global.set $writes (i32.ne (local.get $write) (i32.const 0)))
    (i32.store8 offset=4 (global.get $answer) (global.get $writes)) ;; whether there is a `write`
    (if (local.get $write)
      (then (i64.store offset=8 align=4 (global.get $answer) (i64.load align=4 (local.get $write)))))
    (if (local.get $first)
      (then (i64.store offset=0 align=4 (global.get $answer_read) (i64.load align=4 (local.get $first)))))
    (if (local.get $second)
      (then (i64.store offset=8 align=4 (global.get $answer_read) (i64.load align=4 (local.get $second)))))
    (i32.store offset=16 (global.get $answer) (global.get $answer_read)) ;; `read`: address
    (i32.store offset=20 (global.get $answer) ;; `read`: count
      (i32.add (i32.ne (local.get $first) (i32.const 0)) (i32.ne (local.get $second) (i32.const 0))))
    (global.get $answer))

  ;; A refusal of the settings, for a reason.
  (func $refuse_settings (param $reason i32) (result i32)
    (i32.store8 offset=0 (global.get $answer) (i32.const 1)) ;; a refusal
    (i32.store8 offset=4 (global.get $answer) (i32.const 0)) ;; of the settings
    (i64.store offset=8 align=4 (global.get $answer) (i64.load align=4 (local.get $reason)))
    (global.get $answer))

  ;; Logs, for whoever runs the build, that there is no label of this name.
  (func $warn_that_none_is (param $name i32) (param $advice i32)
    (local $line i32)
    (local.set $line (call $joined
      (global.get $no_label) (local.get $name) (global.get $pass_label_env) (local.get $name)))
    (local.set $line (call $joined
      (local.get $line) (local.get $advice) (global.get $nothing) (global.get $nothing)))
    (call $log (i32.const 2) (call $bytes (local.get $line)) (call $length (local.get $line))))

  ;; ---- Labels -------------------------------------------------------------------------------------------------------
  ;; A label is 36 bytes: the texts `name`, `value`, `scope` and `hash`, then one byte that tells whether it is verified.

  (global $labels (mut i32) (i32.const 0))
  (global $label_count (mut i32) (i32.const 0))

  (func $label_value (param $label i32) (result i32)
    (i32.add (local.get $label) (i32.const 8)))
  (func $label_scope (param $label i32) (result i32)
    (i32.add (local.get $label) (i32.const 16)))
  (func $label_hash (param $label i32) (result i32)
    (i32.add (local.get $label) (i32.const 24)))

  ;; The label of this name, or 0. If the host has verified one and the job claims another, the verified one; one that is only
  ;; claimed is none where $verified is set.
  (func $find_label (param $name i32) (result i32)
    (local $label i32) (local $left i32) (local $claimed i32)
    (local.set $label (global.get $labels))
    (local.set $left (global.get $label_count))
    (block $done
      (loop $next_label
        (br_if $done (i32.eqz (local.get $left)))
        (if (call $equal (local.get $label) (local.get $name)) ;; the name is the label's first text
          (then
            (if (i32.load8_u offset=32 (local.get $label)) (then (return (local.get $label))))
            (if (i32.eqz (local.get $claimed)) (then (local.set $claimed (local.get $label))))))
        (local.set $label (i32.add (local.get $label) (i32.const 36)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next_label)))
    (select (i32.const 0) (local.get $claimed) (global.get $verified)))

  ;; ---- Patterns -----------------------------------------------------------------------------------------------------

  ;; Whether any pattern of the list matches the whole of $name.
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

  ;; One pattern: `*` matches any run of characters. On a difference the last star takes one more byte: the earliest place for
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

  ;; ---- Kinds by name ------------------------------------------------------------------------------------------------
  ;; Names lie one after the other, in the order of their numbers: a byte with the length, then the name. The list
  ;; ends with a zero.

  ;; Where a name is put as a text.
  (global $named i32 (i32.const 0x450))

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
  (global $heap (mut i32) (i32.const 0xc00))

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

  ;; A new text of four.
  (func $joined (param $one i32) (param $two i32) (param $three i32) (param $four i32) (result i32)
    (call $begin)
    (call $put_text (local.get $one))
    (call $put_text (local.get $two))
    (call $put_text (local.get $three))
    (call $put_text (local.get $four))
    (call $finish))

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
