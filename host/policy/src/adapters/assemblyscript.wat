;; What AssemblyScript's own library imports: a way to say why it stops, to print, a clock that stands at the session's start,
;; and a seed for Math.random. What reaches beyond that (a document, a process) is not here, and such a policy not loaded.
;;
;; A string of AssemblyScript is UTF-16, and its length in bytes stands in the four bytes before it; 0 is no string.
(module
  (import "cachewarden:adapter/assemblyscript@0.1.0" "abort" (func $abort (param i32 i32 i32 i32 i32 i32)))
  (import "cachewarden:adapter/assemblyscript@0.1.0" "print" (func $print (param i32 i32 i32)))
  (import "cachewarden:adapter/assemblyscript@0.1.0" "seed" (func $seed (result f64)))
  (import "cachewarden:adapter/assemblyscript@0.1.0" "now" (func $now (result f64)))
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

  ;; Levels of the log: 0 debug, 1 info, 2 warn.
  (func $say (param $level i32) (param $message i32)
    (call $print (local.get $level) (local.get $message) (call $length (local.get $message))))
  (func (export "trace") (param $message i32) (param i32 f64 f64 f64 f64 f64)
    (call $say (i32.const 1) (local.get $message)))
  (func (export "console.log") (param $text i32) (call $say (i32.const 1) (local.get $text)))
  (func (export "console.debug") (param $text i32) (call $say (i32.const 0) (local.get $text)))
  (func (export "console.info") (param $text i32) (call $say (i32.const 1) (local.get $text)))
  (func (export "console.warn") (param $text i32) (call $say (i32.const 2) (local.get $text)))
  (func (export "console.error") (param $text i32) (call $say (i32.const 2) (local.get $text)))
  (func (export "console.assert") (param $holds i32) (param $message i32)
    (if (i32.eqz (local.get $holds)) (then (call $say (i32.const 2) (local.get $message)))))

  ;; No time passes while a policy runs, so a timer has nothing to tell but its name.
  (func (export "console.time") (param $label i32))
  (func (export "console.timeLog") (param $label i32) (call $say (i32.const 0) (local.get $label)))
  (func (export "console.timeEnd") (param $label i32) (call $say (i32.const 0) (local.get $label)))
  ;; Milliseconds since 1970, and since the instance began.
  (func (export "Date.now") (result f64) (call $now))
  (func (export "performance.now") (result f64) (f64.const 0))

  (func (export "seed") (result f64) (call $seed)))
