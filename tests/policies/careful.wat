;; Audits everything; of a rebuild, keeps what came out the same (local) and leaves what diverged to the session.
(module
  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (i32.const 4))

  (func (export "put")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    ;; The facts `audited` and `diverged` are bits 2 and 3; one does not come without the other.
    (if (i32.eq (i32.and (local.get $facts) (i32.const 12)) (i32.const 8)) (then unreachable))
    (i32.eqz (i32.and (local.get $facts) (i32.const 8)))))
