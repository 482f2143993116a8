;; A component that exports an asynchronous function. Must: the helper does not start: it is off.
(component
  (core module $module
    (func (export "close") (result i32) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $instance (instantiate $module))
  (func (export "close") async
    (canon lift (core func $instance "close") async (callback (core func $instance "callback")))))
