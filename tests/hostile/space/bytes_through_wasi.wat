;; Hands bytes to WASI preview 2 again and again in each `get`, less in each call than one may: names to look up, what is printed when nothing more is, handles to wait for. Must: what is handed over is counted for the question, and it is a trap.
(module
  (import "wasi:sockets/instance-network@0.2.6" "instance-network" (func $network (result i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.6" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))

  (memory (export "memory") 64)

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 2097152))

  (func $names
    (local $count i32)
    (loop $again
      (call $resolve (call $network) (i32.const 1024) (i32.const 1000000) (i32.const 0))
      (br_if $again (i32.lt_u (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 10)))))

  (func $print
    (local $count i32) (local $stream i32)
    (local.set $stream (call $stdout))
    (loop $again
      (call $write (local.get $stream) (i32.const 1024) (i32.const 4096) (i32.const 0))
      (br_if $again (i32.lt_u (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 2000)))))

  (func $wait
    (local $count i32) (local $pollable i32)
    (local.set $pollable (call $subscribe (i64.const 0)))
    (loop $again
      (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $count) (i32.const 4))) (local.get $pollable))
      (br_if $again (i32.lt_u (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 10000))))
    (local.set $count (i32.const 0))
    (loop $again
      (call $poll (i32.const 1024) (i32.const 10000) (i32.const 0))
      (br_if $again (i32.lt_u (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 100)))))

  ;; One way after the other, by the action's first byte.
  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (local $way i64)
    (local.set $way (i64.shr_u (local.get $action) (i64.const 56)))
    (if (i64.eq (local.get $way) (i64.const 1)) (then (call $names)))
    (if (i64.eq (local.get $way) (i64.const 2)) (then (call $print)))
    (if (i64.eq (local.get $way) (i64.const 3)) (then (call $wait)))
    (i32.const 0)))
(; world
package tests:policy;

world hands-over {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:sockets/instance-network@0.2.6;
  import wasi:sockets/ip-name-lookup@0.2.6;
  import wasi:cli/stdout@0.2.6;
  import wasi:io/streams@0.2.6;
  import wasi:clocks/monotonic-clock@0.2.6;
  import wasi:io/poll@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:io@0.2.6 {
  interface error {
    resource error;
  }
  interface poll {
    resource pollable;
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}

package wasi:cli@0.2.6 {
  interface stdout {
    use wasi:io/streams@0.2.6.{output-stream};
    get-stdout: func() -> output-stream;
  }
}

package wasi:clocks@0.2.6 {
  interface monotonic-clock {
    use wasi:io/poll@0.2.6.{pollable};
    subscribe-duration: func(when: u64) -> pollable;
  }
}

package wasi:sockets@0.2.6 {
  interface network {
    resource network;
    enum error-code {
      unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
      not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
      remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
      name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
    }
  }
  interface instance-network {
    use network.{network};
    instance-network: func() -> network;
  }
  interface ip-name-lookup {
    use network.{network, error-code};
    resource resolve-address-stream;
    resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
  }
}
;)
