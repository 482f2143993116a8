//! Is a component that makes so many instances of a module with so many globals, which lie in no memory that is counted as the policy's. Must: loading it takes more than a session may have, and it is refused before the first one.

pub(in crate::hostile) fn policy(instances: usize, globals: usize) -> Vec<u8> {
    let globals = "(global (mut i64) (i64.const 0))".repeat(globals);
    let instances: String = (0..instances)
        .map(|number| format!("(core instance $i{number} (instantiate $module))"))
        .collect();
    format!(
        "(component
  (core module $module {globals} (func (export \"close\")))
  {instances}
  (func $close (canon lift (core func $i0 \"close\")))
  (export \"close\" (func $close)))\n"
    )
    .into_bytes()
}
