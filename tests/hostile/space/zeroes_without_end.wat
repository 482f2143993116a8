;; Has WASI preview 2 write 2^40 zeros to its standard error. Must: a trap before they are made.
(module
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.write-zeroes" (func $zeroes (param i32 i64 i32)))

  (memory (export "memory") 1)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $zeroes (call $stderr) (i64.const 1099511627776) (i32.const 64))
    (i32.const 0)))
(; world
package tests:policy;

world floods {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:cli/stderr@0.2.6;
  import wasi:io/streams@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:cli@0.2.6 {
  interface stderr {
    use wasi:io/streams@0.2.6.{output-stream};
    get-stderr: func() -> output-stream;
  }
}

package wasi:io@0.2.6 {
  interface error {
    resource error;
  }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource output-stream {
      write-zeroes: func(len: u64) -> result<_, stream-error>;
    }
  }
}
;)
