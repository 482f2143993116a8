;; A module, but not a policy: it exports nothing that a policy could be asked.
(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
