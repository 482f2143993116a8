;; Exports a `put` that is not the contract's.
(module
  (func (export "put") (param i32) (result i32) (local.get 0)))
