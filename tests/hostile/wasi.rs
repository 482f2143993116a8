//! What the engine has of WASI preview 2, by its own texts: every function that a component may
//! import.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use wit_parser::abi::WasmType;
use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, WorldItem};

/// A function, with the name by which a module imports its interface.
pub(super) struct Call<'wit> {
    pub(super) module: String,
    pub(super) function: &'wit Function,
}

impl Call<'_> {
    /// Without a version.
    pub(super) fn name(&self) -> String {
        let interface = self.module.split('@').next().expect("a first part");
        format!("{interface}#{}", self.function.name)
    }
}

/// The texts that the engine's WASI is made of, with its stable functions.
pub(super) fn engine() -> Resolve {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--offline",
            "--locked",
            "--format-version=1",
            "--filter-platform=host-tuple",
        ])
        .output()
        .expect("cargo");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo's metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let wasi = packages
        .iter()
        .find(|package| package["name"] == "wasmtime-wasi");
    let manifest = PathBuf::from(
        wasi.expect("the engine's WASI")["manifest_path"]
            .as_str()
            .expect("a path"),
    );
    let mut resolve = Resolve::default();
    let texts = manifest.with_file_name("src").join("p2/wit");
    resolve
        .push_dir(&texts)
        .expect("the engine's own texts are right");
    resolve
}

/// All functions of the world that the engine gives a component.
pub(super) fn calls(resolve: &Resolve) -> Vec<Call<'_>> {
    let (package, _) = resolve
        .packages
        .iter()
        .find(|(_, package)| package.name.namespace == "wasi" && package.name.name == "cli")
        .expect("the package of what a command has");
    let world = resolve.packages[package].worlds["imports"];
    let world = &resolve.worlds[world];
    let mut calls = Vec::new();
    for item in world.imports.values() {
        let WorldItem::Interface { id, .. } = item else {
            panic!("only interfaces were expected: {item:?}")
        };
        let module = resolve.id_of(*id).expect("a name");
        calls.extend(
            resolve.interfaces[*id]
                .functions
                .values()
                .map(|function| Call {
                    module: module.clone(),
                    function,
                }),
        );
    }
    calls
}

/// How WAT calls a type.
pub(super) fn core_type(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// The kind of what a type is, whatever it is called.
fn kind_of<'wit>(resolve: &'wit Resolve, kind: &Type) -> Option<&'wit TypeDefKind> {
    let Type::Id(id) = kind else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(other) => kind_of(resolve, other),
        kind => Some(kind),
    }
}

/// Whether a function answers with a failure where it cannot do what it is asked.
pub(super) fn is_result(resolve: &Resolve, function: &Function) -> bool {
    let kind = function
        .result
        .as_ref()
        .and_then(|kind| kind_of(resolve, kind));
    matches!(kind, Some(TypeDefKind::Result(_)))
}

/// The name of the resource that a handle is of.
pub(super) fn resource_of<'wit>(resolve: &'wit Resolve, kind: &Type) -> Option<&'wit str> {
    let Some(TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id))) = kind_of(resolve, kind)
    else {
        return None;
    };
    let mut resource = &resolve.types[*id];
    while let TypeDefKind::Type(Type::Id(other)) = &resource.kind {
        resource = &resolve.types[*other];
    }
    resource.name.as_deref()
}
