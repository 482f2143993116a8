;; A component whose export has the right name and a wrong type. Must: the helper does not start; one text names the export.
(component
  (core module $module
    (func (export "put") (param i32) (result i32) (local.get 0)))
  (core instance $instance (instantiate $module))
  (func (export "put") (param "offer" u32) (result u32)
    (canon lift (core func $instance "put"))))
