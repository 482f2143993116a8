;; What AssemblyScript's own library imports: a way to say why it stops, to trace, and a seed for Math.random.
;;
;; A string of AssemblyScript is UTF-16, and its length in bytes stands in the four bytes before it; 0 is no string.
(module
  (import "cachewarden:adapter/assemblyscript@0.1.0" "abort" (func $abort (param i32 i32 i32 i32 i32 i32)))
  (import "cachewarden:adapter/assemblyscript@0.1.0" "print" (func $print (param i32 i32)))
  (import "cachewarden:adapter/assemblyscript@0.1.0" "seed" (func $seed (result f64)))
  (import "env" "memory" (memory 0))

  (func $length (param $string i32) (result i32)
    (if (result i32) (local.get $string)
      (then (i32.shr_u (i32.load (i32.sub (local.get $string) (i32.const 4))) (i32.const 1)))
      (else (i32.const 0))))

  (func (export "abort") (param $message i32) (param $file i32) (param $line i32) (param $column i32)
    (call $abort
      (local.get $message) (call $length (local.get $message))
      (local.get $file) (call $length (local.get $file))
      (local.get $line) (local.get $column))
    (unreachable))

  (func $say (param $message i32)
    (call $print (local.get $message) (call $length (local.get $message))))
  (func (export "trace") (param $message i32) (param i32 f64 f64 f64 f64 f64) (call $say (local.get $message)))
  (export "console.log" (func $say))

  (func (export "seed") (result f64) (call $seed)))
