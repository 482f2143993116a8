;; Decides nothing: all it has is a `close`, which is told the totals.
(module
  (func (export "close")
    (param $gets i64) (param $hits i64) (param $refused_gets i64) (param $puts i64) (param $refused_puts i64)
    (param $bytes_put i64) (param $diverged i64)))
