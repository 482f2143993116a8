//! Is a component that makes so many instances of one module. Must: a text that names the limit, before the first answer or without a cache.

pub(in crate::hostile) fn policy(count: u32) -> Vec<u8> {
    let instances: String = (0..count)
        .map(|number| format!("  (core instance $i{number} (instantiate $module))\n"))
        .collect();
    format!(
        "(component
  (core module $module
    (table 1 funcref)
    (func (export \"close\")))
{instances}  (func $close (canon lift (core func $i0 \"close\")))
  (export \"close\" (func $close)))\n"
    )
    .into_bytes()
}
