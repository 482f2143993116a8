;; What a core module gets that was built for WASI preview 1 (Go, C with wasi-libc, Zig): nothing but a standing clock,
;; the session's random numbers and a way to print, which goes to the policy's log.
;;
;; It has no memory, no state and allocates nothing. The standard adapter allocates in the guest, which Go cannot bear
;; before its runtime is up. Files and sockets are refused as bad descriptors (8), the rest as not there (52); an exit is
;; a trap. A wait is over at once.
(module
  (import "cachewarden:adapter/preview1@0.1.0" "clock" (func $clock (result i64)))
  (import "cachewarden:adapter/preview1@0.1.0" "random" (func $random (result i64)))
  (import "cachewarden:adapter/preview1@0.1.0" "print" (func $print (param i32 i32 i32)))
  (import "env" "memory" (memory 0))

  ;; Bad descriptor, unless it is one of the three that every program has.
  (func $is_standard (param $fd i32) (result i32)
    (i32.lt_u (local.get $fd) (i32.const 3)))
  (func $standard_or_bad (param $fd i32) (result i32)
    (select (i32.const 0) (i32.const 8) (call $is_standard (local.get $fd))))

  ;; No arguments, no environment.
  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (func $nothing (param i32 i32) (result i32) (i32.const 0))
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (export "args_get" (func $nothing))
  (export "environ_get" (func $nothing))

  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $time i32) (result i32)
    (i64.store (local.get $time) (call $clock))
    (i32.const 0))
  (func (export "clock_res_get") (param $id i32) (param $resolution i32) (result i32)
    (i64.store (local.get $resolution) (i64.const 1000000000))
    (i32.const 0))

  (func (export "random_get") (param $at i32) (param $length i32) (result i32)
    (local $word i64)
    (local $left i32)
    (block $done
      (loop $bytes
        (br_if $done (i32.eqz (local.get $length)))
        (if (i32.eqz (local.get $left))
          (then
            (local.set $word (call $random))
            (local.set $left (i32.const 8))))
        (i64.store8 (local.get $at) (local.get $word))
        (local.set $word (i64.shr_u (local.get $word) (i64.const 8)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $bytes)))
    (i32.const 0))

  ;; Each buffer of the list (address, length) is printed.
  (func (export "fd_write") (param $fd i32) (param $list i32) (param $count i32) (param $written i32) (result i32)
    (local $length i32)
    (local $total i32)
    (if (i32.or (i32.eqz (local.get $fd)) (i32.eqz (call $is_standard (local.get $fd))))
      (then (return (i32.const 8))))
    (block $done
      (loop $buffers
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $length (i32.load offset=4 (local.get $list)))
        (call $print (local.get $fd) (i32.load (local.get $list)) (local.get $length))
        (local.set $total (i32.add (local.get $total) (local.get $length)))
        (local.set $list (i32.add (local.get $list) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $buffers)))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  ;; The input is at its end.
  (func (export "fd_read") (param $fd i32) (param $list i32) (param $count i32) (param $read i32) (result i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (i32.store (local.get $read) (i32.const 0))
    (i32.const 0))

  ;; A character device without rights.
  (func (export "fd_fdstat_get") (param $fd i32) (param $status i32) (result i32)
    (if (i32.eqz (call $is_standard (local.get $fd))) (then (return (i32.const 8))))
    (i64.store (local.get $status) (i64.const 2))
    (i64.store offset=8 (local.get $status) (i64.const 0))
    (i64.store offset=16 (local.get $status) (i64.const 0))
    (i32.const 0))
  (func (export "fd_fdstat_set_flags") (param $fd i32) (param i32) (result i32)
    (call $standard_or_bad (local.get $fd)))
  (func (export "fd_close") (param $fd i32) (result i32)
    (call $standard_or_bad (local.get $fd)))
  (func (export "fd_seek") (param $fd i32) (param i64 i32 i32) (result i32)
    (select (i32.const 70) (i32.const 8) (call $is_standard (local.get $fd))))

  ;; Whatever is waited for is there: an event for each subscription.
  (func (export "poll_oneoff") (param $subscription i32) (param $event i32) (param $count i32) (param $events i32) (result i32)
    (i32.store (local.get $events) (local.get $count))
    (block $done
      (loop $subscriptions
        (br_if $done (i32.eqz (local.get $count)))
        (i64.store offset=8 (local.get $event) (i64.const 0))
        (i64.store offset=16 (local.get $event) (i64.const 0))
        (i64.store offset=24 (local.get $event) (i64.const 0))
        (i64.store (local.get $event) (i64.load (local.get $subscription)))
        (i32.store8 offset=10 (local.get $event) (i32.load8_u offset=8 (local.get $subscription)))
        (local.set $subscription (i32.add (local.get $subscription) (i32.const 48)))
        (local.set $event (i32.add (local.get $event) (i32.const 32)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $subscriptions)))
    (i32.const 0))

  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) (unreachable))
  (func (export "proc_raise") (param i32) (result i32) (i32.const 52))

  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8)))
