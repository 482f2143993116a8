;; A component as text, as a component's tool chain would write it: keeps every put for the session.
(component
  (type $types-interface (instance
    (type $digest' (record (field "a" u64) (field "b" u64) (field "c" u64) (field "d" u64)))
    (export "digest" (type $digest (eq $digest')))
    (type $kind' u32)
    (export "kind" (type $kind (eq $kind')))
    (type $role' u32)
    (export "role" (type $role (eq $role')))
    (type $facts' u32)
    (export "facts" (type $facts (eq $facts')))
    (type $offer' (record
      (field "action" $digest) (field "output" $digest) (field "size" u64) (field "kind" $kind)
      (field "role" $role) (field "facts" $facts)))
    (export "offer" (type $offer (eq $offer')))
    (type $reach' (enum "ephemeral" "local" "shared"))
    (export "reach" (type $reach (eq $reach')))))
  (import "cachewarden:policy/types@0.2.0" (instance $types (type $types-interface)))
  (alias export $types "offer" (type $offer'))
  (import "offer" (type $offer (eq $offer')))
  (alias export $types "reach" (type $reach'))
  (import "reach" (type $reach (eq $reach')))

  (core module $module
    (func (export "put")
      (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
      (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
      (i32.const 0)))
  (core instance $instance (instantiate $module))

  (func (export "put") (param "offer" $offer) (result $reach)
    (canon lift (core func $instance "put"))))
