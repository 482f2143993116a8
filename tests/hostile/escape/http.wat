;; Imports outgoing HTTP requests (wasi:http). Must: the helper does not start: there is no such thing.
(module
  (import "wasi:http/outgoing-handler@0.2.6" "handle" (func $handle (result i32)))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $handle)))
(; world
package tests:policy;

world calls-home {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:http/outgoing-handler@0.2.6;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:http@0.2.6 {
  interface outgoing-handler {
    handle: func() -> u32;
  }
}
;)
