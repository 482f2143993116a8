;; A component that exports an instance where a function should be. Must: the helper does not start; one text names the export.
(component
  (instance $instance)
  (export "put" (instance $instance)))
