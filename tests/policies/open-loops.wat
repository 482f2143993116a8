;; Loops for ever in `open`.
(module
  (memory (export "memory") 2)
  ;; All that it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (loop $for_ever (br $for_ever))
    (i32.const 0)))
