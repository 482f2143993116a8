;; Asks everything of WASI preview 2 that can be asked without having been given something. Must: nothing is there: no file, folder, argument, variable, terminal, name, socket, input; the clock stands at the session's start.
(module
  (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/environment@0.2.6" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/environment@0.2.6" "initial-cwd" (func $folder (param i32)))
  (import "wasi:cli/stdin@0.2.6" "get-stdin" (func $stdin (result i32)))
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/terminal-stdin@0.2.6" "get-terminal-stdin" (func $terminal_stdin (param i32)))
  (import "wasi:cli/terminal-stdout@0.2.6" "get-terminal-stdout" (func $terminal_stdout (param i32)))
  (import "wasi:cli/terminal-stderr@0.2.6" "get-terminal-stderr" (func $terminal_stderr (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $monotonic (result i64)))
  (import "wasi:clocks/wall-clock@0.2.6" "now" (func $now (param i32)))
  (import "wasi:filesystem/preopens@0.2.6" "get-directories" (func $folders (param i32)))
  (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:sockets/instance-network@0.2.6" "instance-network" (func $network (result i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.6" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.6" "create-tcp-socket" (func $tcp (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.6" "[method]tcp-socket.start-connect" (func $connect (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/tcp@0.2.6" "[method]tcp-socket.start-bind" (func $bind (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/udp-create-socket@0.2.6" "create-udp-socket" (func $udp (param i32 i32)))
  (import "wasi:sockets/udp@0.2.6" "[method]udp-socket.start-bind" (func $bind_udp (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:random/insecure-seed@0.2.6" "insecure-seed" (func $insecure_seed (param i32)))

  (memory (export "memory") 1)

  (data (i32.const 64) "defaultlocalhost")
  ;; result<grant, refusal>: ok; write: some("default"); read: 1 item; lifetime: 0
  (data (i32.const 128) "\00\00\00\00" "\01\00\00\00" "\40\00\00\00" "\07\00\00\00" "\c0\00\00\00" "\01\00\00\00" "\00\00\00\00")
  (data (i32.const 192) "\40\00\00\00" "\07\00\00\00")

  (global $started (mut i64) (i64.const 0))
  (global $seed (mut i64) (i64.const 0))

  ;; What it is told about the session goes to one place: it does not look at it.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "open")
    (param $started i64) (param $seed i64) (param i32 i32 i32 i32 i32 i32) (param i32 i32) (result i32)
    (global.set $started (local.get $started))
    (global.set $seed (local.get $seed))
    (i32.const 128))

  ;; The length of a list that was answered to address 256.
  (func $none (if (i32.load (i32.const 260)) (then unreachable)))

  ;; An option, or the good half of a result, at address 256.
  (func $not_there (if (i32.load8_u (i32.const 256)) (then unreachable)))
  (func $failed (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable)))

  ;; A socket may be made; it is of no use. 127.0.0.1, port 0: any.
  (func $no_tcp (param $family i32)
    (call $tcp (local.get $family) (i32.const 256))
    (if (i32.load8_u (i32.const 256)) (then (return)))
    (call $connect (i32.load (i32.const 260)) (call $network)
      (i32.const 0) (i32.const 22) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 288))
    (if (i32.eqz (i32.load8_u (i32.const 288))) (then unreachable))
    (call $bind (i32.load (i32.const 260)) (call $network)
      (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 288))
    (if (i32.eqz (i32.load8_u (i32.const 288))) (then unreachable)))
  (func $no_udp (param $family i32)
    (call $udp (local.get $family) (i32.const 256))
    (if (i32.load8_u (i32.const 256)) (then (return)))
    (call $bind_udp (i32.load (i32.const 260)) (call $network)
      (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 288))
    (if (i32.eqz (i32.load8_u (i32.const 288))) (then unreachable)))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $environment (i32.const 256))
    (call $none)
    (call $arguments (i32.const 256))
    (call $none)
    (call $folders (i32.const 256))
    (call $none)
    (call $folder (i32.const 256))
    (call $not_there)
    (call $terminal_stdin (i32.const 256))
    (call $not_there)
    (call $terminal_stdout (i32.const 256))
    (call $not_there)
    (call $terminal_stderr (i32.const 256))
    (call $not_there)
    ;; Standard input is closed: the protocol is not the policy's to read.
    (call $read (call $stdin) (i64.const 64) (i32.const 256))
    (call $failed)
    (drop (call $stdout))
    (call $resolve (call $network) (i32.const 71) (i32.const 9) (i32.const 256))
    (call $failed)
    (call $no_tcp (i32.const 0))
    (call $no_tcp (i32.const 1))
    (call $no_udp (i32.const 0))
    (call $no_udp (i32.const 1))
    (if (i64.ne (call $monotonic) (i64.const 0)) (then unreachable))
    (call $now (i32.const 256))
    (if (i64.ne (i64.load (i32.const 256)) (global.get $started)) (then unreachable))
    (if (i32.load (i32.const 264)) (then unreachable))
    (call $insecure_seed (i32.const 256))
    (if (i64.ne (i64.load (i32.const 256)) (global.get $seed)) (then unreachable))
    (i32.const 0)))
(; world
package tests:policy;

world asks {
  use cachewarden:policy/types@0.2.0.{session, grant, refusal, candidate, lookup};
  import wasi:cli/environment@0.2.6;
  import wasi:cli/stdin@0.2.6;
  import wasi:cli/stdout@0.2.6;
  import wasi:cli/terminal-stdin@0.2.6;
  import wasi:cli/terminal-stdout@0.2.6;
  import wasi:cli/terminal-stderr@0.2.6;
  import wasi:clocks/monotonic-clock@0.2.6;
  import wasi:clocks/wall-clock@0.2.6;
  import wasi:filesystem/preopens@0.2.6;
  import wasi:io/streams@0.2.6;
  import wasi:random/insecure-seed@0.2.6;
  import wasi:sockets/instance-network@0.2.6;
  import wasi:sockets/ip-name-lookup@0.2.6;
  import wasi:sockets/tcp-create-socket@0.2.6;
  import wasi:sockets/tcp@0.2.6;
  import wasi:sockets/udp-create-socket@0.2.6;
  import wasi:sockets/udp@0.2.6;
  export open: func(session: session) -> result<grant, refusal>;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:cli@0.2.6 {
  interface environment {
    get-environment: func() -> list<tuple<string, string>>;
    get-arguments: func() -> list<string>;
    initial-cwd: func() -> option<string>;
  }
  interface stdin {
    use wasi:io/streams@0.2.6.{input-stream};
    get-stdin: func() -> input-stream;
  }
  interface stdout {
    use wasi:io/streams@0.2.6.{output-stream};
    get-stdout: func() -> output-stream;
  }
  interface terminal-input {
    resource terminal-input;
  }
  interface terminal-output {
    resource terminal-output;
  }
  interface terminal-stdin {
    use terminal-input.{terminal-input};
    get-terminal-stdin: func() -> option<terminal-input>;
  }
  interface terminal-stdout {
    use terminal-output.{terminal-output};
    get-terminal-stdout: func() -> option<terminal-output>;
  }
  interface terminal-stderr {
    use terminal-output.{terminal-output};
    get-terminal-stderr: func() -> option<terminal-output>;
  }
}

package wasi:clocks@0.2.6 {
  interface monotonic-clock {
    now: func() -> u64;
  }
  interface wall-clock {
    record datetime { seconds: u64, nanoseconds: u32 }
    now: func() -> datetime;
  }
}

package wasi:filesystem@0.2.6 {
  interface types {
    resource descriptor;
  }
  interface preopens {
    use types.{descriptor};
    get-directories: func() -> list<tuple<descriptor, string>>;
  }
}

package wasi:io@0.2.6 {
  interface error {
    resource error;
  }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream {
      blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
    }
    resource output-stream;
  }
}

package wasi:random@0.2.6 {
  interface insecure-seed {
    insecure-seed: func() -> tuple<u64, u64>;
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
    enum ip-address-family { ipv4, ipv6 }
    type ipv4-address = tuple<u8, u8, u8, u8>;
    type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
    record ipv4-socket-address { port: u16, address: ipv4-address }
    record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
    variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
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
  interface tcp {
    use network.{network, error-code, ip-socket-address};
    resource tcp-socket {
      start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
      start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
    }
  }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
  }
  interface udp {
    use network.{network, error-code, ip-socket-address};
    resource udp-socket {
      start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
    }
  }
  interface udp-create-socket {
    use network.{error-code, ip-address-family};
    use udp.{udp-socket};
    create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
  }
}
;)
