//! Counts the instances that a component makes, before the component is compiled.
//!
//! A component may contain components, and make instances of one in another: three levels of a
//! hundred are a million instances, from a few lines. The engine unfolds them all when it compiles.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Encoding, Instance, Parser, Payload,
};

use super::Defect;
use super::limits::MAX_UNFOLDED_INSTANCES;

/// The state of a component or module that is being read.
struct Scope {
    encoding: Encoding,
    /// How many instances one instance of it makes.
    instances: u64,
    /// The same number for each component in its index space; `None` for a component that it
    /// imports.
    components: Vec<Option<u64>>,
}

/// Rejects a component that makes too many instances. Bytes that are not a component are left to
/// the compiler, which reports the reason.
pub(super) fn check(component: &[u8]) -> Result<(), Defect> {
    let mut scopes: Vec<Scope> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload {
            Err(_) => return Ok(()),
            Ok(Payload::Version { encoding, .. }) => scopes.push(Scope {
                encoding,
                instances: 0,
                components: Vec::new(),
            }),
            Ok(Payload::End(_)) => {
                let ended = scopes.pop();
                if let (Some(ended), Some(outer)) = (ended, scopes.last_mut())
                    && ended.encoding == Encoding::Component
                {
                    outer.components.push(Some(ended.instances));
                }
            }
            Ok(payload) => {
                let Some((scope, outer)) = scopes.split_last_mut() else {
                    return Ok(());
                };
                scope.read(&payload, outer)?;
            }
        }
    }
    Ok(())
}

impl Scope {
    fn read(&mut self, payload: &Payload, outer: &[Self]) -> Result<(), Defect> {
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone().into_iter().flatten() {
                    if let ComponentTypeRef::Component(_) = import.ty {
                        self.components.push(None);
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone().into_iter().flatten() {
                    self.alias(&alias, outer);
                }
            }
            Payload::ComponentExportSection(exports) => {
                // An export adds an index.
                for export in exports.clone().into_iter().flatten() {
                    if export.kind == ComponentExternalKind::Component {
                        self.components.push(self.component(export.index));
                    }
                }
            }
            Payload::InstanceSection(instances) => {
                for instance in instances.clone().into_iter().flatten() {
                    self.add(u64::from(matches!(instance, Instance::Instantiate { .. })))?;
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone().into_iter().flatten() {
                    let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance
                    else {
                        continue;
                    };
                    let inner = self
                        .component(component_index)
                        .ok_or(Defect::UncountedInstances)?;
                    self.add(inner.saturating_add(1))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias, outer: &[Self]) {
        match alias {
            ComponentAlias::InstanceExport {
                kind: ComponentExternalKind::Component,
                ..
            } => self.components.push(None),
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                count,
                index,
            } => {
                let known = match count.checked_sub(1) {
                    None => self.component(*index),
                    Some(above) => outer
                        .iter()
                        .nth_back(above as usize)
                        .and_then(|scope| scope.component(*index)),
                };
                self.components.push(known);
            }
            _ => {}
        }
    }

    fn component(&self, index: u32) -> Option<u64> {
        self.components.get(index as usize).copied().flatten()
    }

    fn add(&mut self, instances: u64) -> Result<(), Defect> {
        self.instances = self.instances.saturating_add(instances);
        if self.instances > MAX_UNFOLDED_INSTANCES {
            return Err(Defect::TooManyInstances);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<(), Defect> {
        check(&wat::parse_str(text).unwrap())
    }

    /// A component with a component in it that makes `count` instances of an empty one.
    fn nested(count: usize, more: &str) -> String {
        let instances = "(instance (instantiate $empty))".repeat(count);
        format!("(component (component $outer (component $empty) {instances}) {more})")
    }

    #[test]
    fn instances_are_counted_as_often_as_they_are_made() {
        let most = MAX_UNFOLDED_INSTANCES as usize;
        let once = "(instance (instantiate $outer))";
        check_text(&nested(most - 1, once)).unwrap();
        for text in [
            nested(most, once),
            nested(most / 2, &once.repeat(2)),
            // By another name: an alias, from within and from without, and an export.
            nested(most, "(component (instance (instantiate $outer)))"),
            nested(
                most,
                r#"(export $e "e" (component $outer)) (instance (instantiate $e))"#,
            ),
            format!(
                "(component (core module $m) {})",
                "(core instance (instantiate $m))".repeat(most + 1)
            ),
        ] {
            let error = check_text(&text).unwrap_err();
            assert!(
                error.to_string().contains("more than 1000 instances"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_not_made_is_not_counted() {
        let most = MAX_UNFOLDED_INSTANCES as usize;
        check_text(&nested(most, "")).unwrap();
        check_text(&format!("(component {})", "(component)".repeat(most + 1))).unwrap();
        check(b"\0asm").unwrap();
    }

    #[test]
    fn a_component_that_is_handed_over_is_not_made_an_instance_of() {
        for text in [
            r#"(component (component $taker (import "c" (component $c)) (instance (instantiate $c))))"#,
            r#"(component
                (component $giver (component $c) (export "c" (component $c)))
                (instance $i (instantiate $giver))
                (alias export $i "c" (component $c))
                (instance (instantiate $c)))"#,
        ] {
            let error = check_text(text).unwrap_err();
            assert!(error.to_string().contains("that it is handed"), "{error}");
        }
    }
}
