;; Imports files of WASI 0.3. Must: the helper does not start: there is no such thing.
(module
  (import "wasi:filesystem/preopens@0.3.0" "get-directories" (func $folders (result i32)))

  (func (export "get")
    (param $action i64) (param i64 i64 i64) (param $output i64) (param i64 i64 i64)
    (param $size i64) (param $age i64) (param $scope i32) (param $kind i32) (param $role i32) (param $facts i32) (result i32)
    (call $folders)))
(; world
package tests:policy;

world reads {
  use cachewarden:policy/types@0.2.0.{candidate, lookup};
  import wasi:filesystem/preopens@0.3.0;
  export get: func(candidate: candidate) -> lookup;
}

package wasi:filesystem@0.3.0 {
  interface preopens {
    get-directories: func() -> u32;
  }
}
;)
