;; Waits in each get for input, for output, and for sockets that nobody speaks to, through WASI preview 2. Must: nothing is waited for: no call to the host may last, since nothing could interrupt it.
(module
  (import "wasi:cli/stdin@0.2.6" "get-stdin" (func $stdin (result i32)))
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.subscribe" (func $for_input (param i32) (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.subscribe" (func $for_output (param i32) (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-skip" (func $skip (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-splice" (func $splice (param i32 i32 i64 i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-flush" (func $flush (param i32 i32)))
  (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.6" "create-tcp-socket" (func $tcp (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.6" "[method]tcp-socket.subscribe" (func $for_tcp (param i32) (result i32)))
  (import "wasi:sockets/udp-create-socket@0.2.6" "create-udp-socket" (func $udp (param i32 i32)))
  (import "wasi:sockets/udp@0.2.6" "[method]udp-socket.subscribe" (func $for_udp (param i32) (result i32)))

  (memory (export "memory") 1)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $block (call $for_input (call $stdin)))
    (call $block (call $for_output (call $stdout)))
    (call $read (call $stdin) (i64.const 1) (i32.const 64))
    (call $skip (call $stdin) (i64.const 1) (i32.const 64))
    (call $splice (call $stdout) (call $stdin) (i64.const 1) (i32.const 64))
    (call $flush (call $stdout) (i32.const 64))
    (call $tcp (i32.const 0) (i32.const 64))
    (if (i32.eqz (i32.load8_u (i32.const 64)))
      (then (call $block (call $for_tcp (i32.load (i32.const 68))))))
    (call $udp (i32.const 0) (i32.const 64))
    (if (i32.eqz (i32.load8_u (i32.const 64)))
      (then (call $block (call $for_udp (i32.load (i32.const 68))))))
    (i32.const 0)))
(; world
package tests:policy;

world waits {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:cli/stdin@0.2.6;
  import wasi:cli/stdout@0.2.6;
  import wasi:io/poll@0.2.6;
  import wasi:io/streams@0.2.6;
  import wasi:sockets/tcp-create-socket@0.2.6;
  import wasi:sockets/tcp@0.2.6;
  import wasi:sockets/udp-create-socket@0.2.6;
  import wasi:sockets/udp@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:cli@0.2.6 {
  interface stdin {
    use wasi:io/streams@0.2.6.{input-stream};
    get-stdin: func() -> input-stream;
  }
  interface stdout {
    use wasi:io/streams@0.2.6.{output-stream};
    get-stdout: func() -> output-stream;
  }
}

package wasi:io@0.2.6 {
  interface error {
    resource error;
  }
  interface poll {
    resource pollable {
      block: func();
    }
  }
  interface streams {
    use error.{error};
    use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream {
      blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
      blocking-skip: func(len: u64) -> result<u64, stream-error>;
      subscribe: func() -> pollable;
    }
    resource output-stream {
      blocking-flush: func() -> result<_, stream-error>;
      blocking-splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
      subscribe: func() -> pollable;
    }
  }
}

package wasi:sockets@0.2.6 {
  interface network {
    enum error-code {
      unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
      not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
      remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
      name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
    }
    enum ip-address-family { ipv4, ipv6 }
  }
  interface tcp {
    use wasi:io/poll@0.2.6.{pollable};
    resource tcp-socket {
      subscribe: func() -> pollable;
    }
  }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
  }
  interface udp {
    use wasi:io/poll@0.2.6.{pollable};
    resource udp-socket {
      subscribe: func() -> pollable;
    }
  }
  interface udp-create-socket {
    use network.{error-code, ip-address-family};
    use udp.{udp-socket};
    create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
  }
}
;)
