;; Prints a thousand times four thousand bytes in each get, through WASI preview 2, whatever comes of it. Must: what a session may log is passed on, cut, and the stream is closed: no write waits for room.
(module
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))

  (memory (export "memory") 1)

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $left i32)
    (local $stream i32)
    (local.set $stream (call $stderr))
    (memory.fill (i32.const 1024) (i32.const 0x61) (i32.const 4000))
    (local.set $left (i32.const 1000))
    (loop $again
      (call $write (local.get $stream) (i32.const 1024) (i32.const 4000) (i32.const 64))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (call $drop (local.get $stream))
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
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}
;)
