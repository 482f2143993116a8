;; Traps in `close`. Must: everything was answered before; the session ends well.
(module
  (func (export "close")
    (param i64 i64 i64 i64 i64 i64 i64)
    unreachable))
