//! Makes a component of a policy file: a component is kept as it is, a core module is wrapped with
//! a world of exactly the exports that it has, and text is assembled first.

use std::borrow::Cow;

use wasmparser::types::EntityType;
use wasmparser::{Encoding, ExternalKind, Parser, Payload, Validator, WasmFeatures};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

use super::{Defect, adapters, contract};

/// The text of the contract.
pub const CONTRACT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wit/policy.wit"));

/// The exports that a policy may have.
pub(super) const EXPORTS: [&str; 4] = ["open", "get", "put", "close"];

/// The prefix of custom sections in which a module has its own world.
const OWN_WORLD: &str = "component-type";

/// The bytes of a component, or why these bytes are not a policy.
pub(super) fn componentise(bytes: Vec<u8>) -> Result<Vec<u8>, Defect> {
    let format = |reason: &str| Err(Defect::Format(reason.to_owned()));
    let binary = match bytes.get(..4) {
        Some(b"\0asm") => bytes,
        Some(b"\x7fELF") => {
            return format(
                "it is native code (a .cwasm file?), which is never run; give the .wasm that it was made of",
            );
        }
        _ if looks_like_text(&bytes) => wat::parse_bytes(&bytes)
            .map_err(|error| Defect::Format(on_one_line(&error.to_string())))?
            .into_owned(),
        _ => {
            return format(
                "it is neither WebAssembly (a file that begins with \\0asm) nor its text format",
            );
        }
    };
    let encoding = match Parser::new(0).parse_all(&binary).next() {
        Some(Ok(Payload::Version { encoding, .. })) => encoding,
        Some(Err(error)) => return format(&error.to_string()),
        Some(Ok(_)) | None => return format("it does not begin as WebAssembly does"),
    };
    match encoding {
        Encoding::Component => Ok(binary),
        Encoding::Module => wrap(&binary).map_err(|error| Defect::Contract(format!("{error:#}"))),
    }
}

/// The assembler's error without its excerpt of the source, which needs several lines.
fn on_one_line(error: &str) -> String {
    let lines: Vec<_> = error.lines().map(str::trim).take(2).collect();
    lines.join(" ").replace("--> <anon>:", "at line ")
}

fn looks_like_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"(") || start.starts_with(b";;")
}

fn wrap(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut module = module.to_vec();
    let guest = CoreModule::read(&module)?;
    let (resolve, world) = world_of(&guest.exports, guest.contract.as_deref())?;
    check_signatures(&module, &resolve, world)?;
    if !guest.has_own_world {
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    }
    let encoder = ComponentEncoder::default().module(&module)?.validate(true);
    adapters::add_needed(encoder, &guest.imported_modules)?.encode()
}

/// What a core module contains.
#[derive(Default)]
struct CoreModule {
    /// The exports of the contract that it has.
    exports: Vec<&'static str>,
    /// Its other exported functions: an author may have misspelt one.
    other_functions: Vec<String>,
    /// The modules that it imports from.
    imported_modules: Vec<String>,
    /// The version of the contract that it was made for, if it imports an interface of the
    /// contract.
    contract: Option<String>,
    /// Whether it has a world of its own.
    has_own_world: bool,
}

impl CoreModule {
    fn read(module: &[u8]) -> anyhow::Result<Self> {
        let mut guest = Self::default();
        let (mut has_start, mut has_initialize) = (false, false);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let module = import?.module;
                        if let Some(version) = contract::version_imported(module) {
                            guest.contract = Some(version.to_owned());
                        }
                        guest.imported_modules.push(module.to_owned());
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let name = export.name;
                        has_start |= name == "_start";
                        has_initialize |= name == "_initialize";
                        match EXPORTS.into_iter().find(|known| *known == name) {
                            Some(known) => guest.exports.push(known),
                            None if export.kind == ExternalKind::Func => {
                                guest.other_functions.push(format!("`{name}`"));
                            }
                            None => {}
                        }
                    }
                }
                Payload::CustomSection(section) => {
                    guest.has_own_world |= section.name().starts_with(OWN_WORLD);
                }
                _ => {}
            }
        }
        anyhow::ensure!(
            !guest.exports.is_empty(),
            missing_exports_message(&guest.other_functions)
        );
        anyhow::ensure!(
            has_initialize || !has_start,
            "it was built as a program, which runs once from `_start`; build it as a library (Go: -buildmode=c-shared; wasi-libc: -mexec-model=reactor)"
        );
        Ok(guest)
    }
}

/// The error for a policy that exports no function of the contract, but these other functions.
pub(super) fn missing_exports_message(others: &[String]) -> String {
    let found = match others {
        [] => String::new(),
        others => format!("it exports {}; ", others.join(", ")),
    };
    format!(
        "{found}it exports none of the contract's functions: {}. With an SDK, a line that hands the policy over is missing \
         (Rust: `cachewarden_policy::export!(YourPolicy);`, C: `CACHEWARDEN_EXPORT_PUT(put)`, AssemblyScript: \
         `export * from \"@cachewarden/assemblyscript/exports\";`); without one, {CONTRACT_HINT}",
        EXPORTS.map(contract_signature).join(", ")
    )
}

/// A hint for authors who use their own tools.
const CONTRACT_HINT: &str =
    "`cachewarden policy wit` and `cachewarden policy header` say what they are";

/// The declaration of an export in the contract, such as `` `put: func(offer: offer) -> reach` ``.
fn contract_signature(export: &str) -> String {
    let mut exports = CONTRACT
        .lines()
        .filter_map(|line| line.trim().strip_prefix("export ")?.strip_suffix(';'));
    let found = exports.find(|line| line.split_once(':').is_some_and(|(name, _)| name == export));
    format!("`{}`", found.expect("the contract has every export"))
}

/// Rejects an export whose type differs from the contract's, with an error that helps the author.
fn check_signatures(module: &[u8], resolve: &Resolve, world: WorldId) -> anyhow::Result<()> {
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(module)?;
    let exported: Vec<_> = types
        .as_ref()
        .core_exports()
        .into_iter()
        .flatten()
        .collect();
    for (key, item) in &resolve.worlds[world].exports {
        let (WorldKey::Name(name), WorldItem::Function(function)) = (key, item) else {
            continue;
        };
        let contract = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let expected = signature(
            contract.params.into_iter().map(core_type),
            contract.results.into_iter().map(core_type),
        );
        let found = exported.iter().find(|(exported, _)| exported == name);
        let found = match found.map(|(_, entity)| *entity) {
            Some(EntityType::Func(id) | EntityType::FuncExact(id)) => {
                let function = types[id].unwrap_func();
                signature(function.params(), function.results())
            }
            _ => "what is no function".into(),
        };
        anyhow::ensure!(
            found == expected,
            "its export `{name}` is not the contract's {}: expected the core function {expected}, found {found}; {CONTRACT_HINT}",
            contract_signature(name)
        );
    }
    Ok(())
}

/// The type of a core function in the WebAssembly text format.
fn signature<Type: ToString>(
    params: impl IntoIterator<Item = Type>,
    results: impl IntoIterator<Item = Type>,
) -> String {
    fn clause<Type: ToString>(name: &str, types: impl IntoIterator<Item = Type>) -> Option<String> {
        let types: Vec<_> = types.into_iter().map(|of| of.to_string()).collect();
        (!types.is_empty()).then(|| format!("({name} {})", types.join(" ")))
    }
    let clauses = [clause("param", params), clause("result", results)];
    let clauses: Vec<_> = clauses.into_iter().flatten().collect();
    match &clauses[..] {
        [] => "`(func)`".into(),
        clauses => format!("`{}`", clauses.join(" ")),
    }
}

/// The core type for a type of the canonical ABI.
const fn core_type(of: WasmType) -> &'static str {
    match of {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// The contract's world with just these exports, in the patch version that the module was made for:
/// patches of one minor version have the same types, and the name of an import ends in its version.
fn world_of(exports: &[&str], made_for: Option<&str>) -> anyhow::Result<(Resolve, WorldId)> {
    let contract = match made_for {
        Some(version) => {
            contract::check(version)?;
            Cow::Owned(CONTRACT.replacen(contract::VERSION, version, 1))
        }
        None => Cow::Borrowed(CONTRACT),
    };
    let mut resolve = Resolve::default();
    let package = resolve.push_str("policy.wit", &contract)?;
    let world = resolve.select_world(&[package], Some("policy"))?;
    resolve.worlds[world].exports.retain(|key, _| match key {
        WorldKey::Name(name) => exports.contains(&name.as_str()),
        WorldKey::Interface(_) => true,
    });
    Ok((resolve, world))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subset_of_exports_makes_a_component() {
        let get = r#"(func (export "get") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32 i32) (result i32) i32.const 0)"#;
        let put = r#"(func (export "put") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32) i32.const 2)"#;
        let close = r#"(func (export "close") (param i64 i64 i64 i64 i64 i64 i64))"#;
        for functions in [
            get.into(),
            put.into(),
            close.into(),
            format!("{get}{put}"),
            format!("{get}{put}{close}"),
        ] {
            let text = format!("(module {functions})");
            componentise(text.into_bytes()).unwrap();
        }
    }

    #[test]
    fn what_is_no_policy_is_refused_with_its_reason() {
        for (bytes, reason) in [
            (&b"\x7fELF\x02\x01"[..], "native code"),
            (b"hello", "neither WebAssembly"),
            (b"", "neither WebAssembly"),
            (b"\0asm", "unexpected end"),
            (b"(module", "expected"),
            (b"(module)", "it exports none of the contract's functions: `open: func(session: session) -> result<grant, refusal>`"),
            (b"(module (func (export \"putt\")))", "it exports `putt`; it exports none"),
            (b"(module (func (export \"_start\")) (func (export \"close\") (param i64 i64 i64 i64 i64 i64 i64)))", "build it as a library"),
            (
                b"(module (func (export \"put\")))",
                "its export `put` is not the contract's `put: func(offer: offer) -> reach`: expected the core function `(param i64 i64 i64 i64 i64 i64 i64 i64 i64 i32 i32 i32) (result i32)`, found `(func)`",
            ),
            (
                b"(module (memory (export \"close\") 1))",
                "its export `close` is not the contract's `close: func(totals: totals)`: expected the core function `(param i64 i64 i64 i64 i64 i64 i64)`, found what is no function",
            ),
        ] {
            let error = componentise(bytes.to_vec()).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
