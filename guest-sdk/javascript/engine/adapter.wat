;; The component around the JavaScript engine. It exports the contract's functions and asks the engine in the form of
;; engine.wit: 64-bit integers as bytes, enums as the numbers that they are. Everything else passes through.
;;
;; adapter.wasm is this text in binary form (wasm-tools parse adapter.wat | wasm-tools strip --all -o adapter.wasm), in
;; which the build puts the engine with the policy in the place of the empty component below.
(component $policy
  ;; The contract, as in policy.wit.
  (type $contract (instance
    (type $digest' (record (field "a" u64) (field "b" u64) (field "c" u64) (field "d" u64)))
    (export "digest" (type $digest (eq $digest')))
    (type $kind' u32)
    (export "kind" (type $kind (eq $kind')))
    (type $role' u32)
    (export "role" (type $role (eq $role')))
    (type $facts' u32)
    (export "facts" (type $facts (eq $facts')))
    (type $label' (record (field "name" string) (field "value" string) (field "scope" string) (field "hash" string)
      (field "verified" bool)))
    (export "label" (type $label (eq $label')))
    (type $session' (record (field "started" u64) (field "seed" u64) (field "labels" (list $label))
      (field "readable" (list string)) (field "writable" (list string)) (field "settings" string)))
    (export "session" (type (eq $session')))
    (type $grant' (record (field "write" (option string)) (field "read" (list string)) (field "lifetime" u32)
      (field "admit" (list $kind))))
    (export "grant" (type (eq $grant')))
    (type $candidate' (record (field "action" $digest) (field "output" $digest) (field "size" u64) (field "age" u64)
      (field "scope" u32) (field "kind" $kind) (field "role" $role) (field "facts" $facts)))
    (export "candidate" (type (eq $candidate')))
    (type $lookup' (enum "hit" "hit-verified" "skip" "miss" "audit"))
    (export "lookup" (type (eq $lookup')))
    (type $offer' (record (field "action" $digest) (field "output" $digest) (field "size" u64)
      (field "kind" $kind) (field "role" $role) (field "facts" $facts)))
    (export "offer" (type (eq $offer')))
    (type $reach' (enum "ephemeral" "local" "shared"))
    (export "reach" (type (eq $reach')))
    (type $refusal' (variant (case "settings" string) (case "session" string)))
    (export "refusal" (type (eq $refusal')))
    (type $totals' (record (field "gets" u64) (field "hits" u64) (field "refused-gets" u64) (field "puts" u64)
      (field "refused-puts" u64) (field "bytes-put" u64) (field "diverged" u64)))
    (export "totals" (type (eq $totals')))
    (type $level' (enum "debug" "info" "warn"))
    (export "level" (type (eq $level')))))
  (import "cachewarden:policy/types@0.2.0" (instance $types (type $contract)))
  (alias export $types "level" (type $level))
  (import "cachewarden:policy/host@0.2.0" (instance $host
    (alias outer 1 $level (type $level'))
    (export "level" (type $level (eq $level')))
    (export "log" (func (param "level" $level) (param "message" string)))))

  ;; The engine with the policy; the build puts it here.
  (component $empty)
  (instance $engine (instantiate $empty
    (with "cachewarden:policy/types@0.2.0" (instance $types))
    (with "cachewarden:policy/host@0.2.0" (instance $host))))

  ;; A component of its own beside the engine: none may call one that it contains.
  (component $adapter
    (import "types" (instance $types (type $contract)))
    (alias export $types "session" (type $session))
    (alias export $types "grant" (type $grant))
    (alias export $types "refusal" (type $refusal))
    (alias export $types "candidate" (type $candidate))
    (alias export $types "lookup" (type $lookup))
    (alias export $types "offer" (type $offer))
    (alias export $types "reach" (type $reach))
    (alias export $types "totals" (type $totals))
    (type $texts (list string))
    (type $labels (list (tuple string string string string bool)))
    (type $numbers (list u8))
    (import "open" (func $engine_open (param "numbers" $numbers) (param "labels" $labels) (param "readable" $texts)
      (param "writable" $texts) (param "settings" string)
      (result (result (tuple (option string) (list string) s32 (list s32)) (error (tuple bool string))))))
    (import "get" (func $engine_get (param "numbers" $numbers) (param "scope" u32) (param "kind" u32) (param "role" u32)
      (param "facts" u32) (result u32)))
    (import "put" (func $engine_put (param "numbers" $numbers) (param "kind" u32) (param "role" u32) (param "facts" u32)
      (result u32)))
    (import "close" (func $engine_close (param "numbers" $numbers)))

    ;; Bytes 0 to 79 hold a question's numbers, those from 128 what `open` answers, those from 1024 texts and lists.
    (core module $store
      (memory (export "memory") 1)
      (global $free (mut i32) (i32.const 1024))

      (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
        (local $new i32)
        (local.set $new
          (i32.and
            (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $align))))
        (global.set $free (i32.add (local.get $new) (local.get $size)))
        (if (i32.gt_u (global.get $free) (i32.shl (memory.size) (i32.const 16)))
          (then
            (if (i32.eq
                  (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
                  (i32.const -1))
              (then unreachable))))
        (memory.copy (local.get $new) (local.get $old) (local.get $old_size))
        (local.get $new))

      ;; After an `open` nothing of it is needed any more.
      (func (export "release") (param i32)
        (global.set $free (i32.const 1024))))
    (core instance $store (instantiate $store))
    (alias core export $store "memory" (core memory $memory))
    (alias core export $store "realloc" (core func $realloc))
    (alias core export $store "release" (core func $release))

    (core func $ask_open (canon lower (func $engine_open) (memory $memory) (realloc $realloc)))
    (core func $ask_get (canon lower (func $engine_get) (memory $memory)))
    (core func $ask_put (canon lower (func $engine_put) (memory $memory)))
    (core func $ask_close (canon lower (func $engine_close) (memory $memory)))

    (core module $numbers
      (import "store" "memory" (memory 1))
      (import "engine" "open"
        (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
      (import "engine" "get" (func $get (param i32 i32 i32 i32 i32 i32) (result i32)))
      (import "engine" "put" (func $put (param i32 i32 i32 i32 i32) (result i32)))
      (import "engine" "close" (func $close (param i32 i32)))

      (func $store_seven (param i64 i64 i64 i64 i64 i64 i64)
        (i64.store (i32.const 0) (local.get 0))
        (i64.store (i32.const 8) (local.get 1))
        (i64.store (i32.const 16) (local.get 2))
        (i64.store (i32.const 24) (local.get 3))
        (i64.store (i32.const 32) (local.get 4))
        (i64.store (i32.const 40) (local.get 5))
        (i64.store (i32.const 48) (local.get 6)))

      (func (export "open")
        (param $started i64) (param $seed i64) (param $labels i32) (param $labels_length i32)
        (param $readable i32) (param $readable_length i32) (param $writable i32) (param $writable_length i32)
        (param $settings i32) (param $settings_length i32) (result i32)
        (i64.store (i32.const 0) (local.get $started))
        (i64.store (i32.const 8) (local.get $seed))
        (call $open
          (i32.const 0) (i32.const 16)
          (local.get $labels) (local.get $labels_length)
          (local.get $readable) (local.get $readable_length)
          (local.get $writable) (local.get $writable_length)
          (local.get $settings) (local.get $settings_length)
          (i32.const 128))
        (i32.const 128))

      (func (export "get")
        (param i64 i64 i64 i64 i64 i64 i64 i64) (param $size i64) (param $age i64)
        (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
        (call $store_seven (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6))
        (i64.store (i32.const 56) (local.get 7))
        (i64.store (i32.const 64) (local.get $size))
        (i64.store (i32.const 72) (local.get $age))
        (call $get (i32.const 0) (i32.const 80) (local.get $scope) (local.get $kind) (local.get $role) (local.get $facts)))

      (func (export "put")
        (param i64 i64 i64 i64 i64 i64 i64 i64) (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
        (call $store_seven (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6))
        (i64.store (i32.const 56) (local.get 7))
        (i64.store (i32.const 64) (local.get $size))
        (call $put (i32.const 0) (i32.const 72) (local.get $kind) (local.get $role) (local.get $facts)))

      (func (export "close") (param i64 i64 i64 i64 i64 i64 i64)
        (call $store_seven (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6))
        (call $close (i32.const 0) (i32.const 56))))
    (core instance $numbers (instantiate $numbers
      (with "store" (instance $store))
      (with "engine" (instance
        (export "open" (func $ask_open))
        (export "get" (func $ask_get))
        (export "put" (func $ask_put))
        (export "close" (func $ask_close))))))

    (func $open (param "session" $session) (result (result $grant (error $refusal)))
      (canon lift (core func $numbers "open") (memory $memory) (realloc $realloc) (post-return $release)))
    (func $get (param "candidate" $candidate) (result $lookup) (canon lift (core func $numbers "get")))
    (func $put (param "offer" $offer) (result $reach) (canon lift (core func $numbers "put")))
    (func $close (param "totals" $totals) (canon lift (core func $numbers "close")))
    (export "contract-open" (func $open))
    (export "contract-get" (func $get))
    (export "contract-put" (func $put))
    (export "contract-close" (func $close)))
  (instance $adapter (instantiate $adapter
    (with "types" (instance $types))
    (with "open" (func $engine "open"))
    (with "get" (func $engine "get"))
    (with "put" (func $engine "put"))
    (with "close" (func $engine "close"))))
  (export "open" (func $adapter "contract-open"))
  (export "get" (func $adapter "contract-get"))
  (export "put" (func $adapter "contract-put"))
  (export "close" (func $adapter "contract-close")))
