//! The policies of tests/policies/, in every form in which one may come, and actions that tell them
//! what to do.

use std::path::{Path, PathBuf};

use super::digest::{Digest, action};

/// Verdicts of a get, and what `as-asked.wat` knows beside them.
pub(crate) mod lookup {
    pub(crate) const HIT: u8 = 0;
    pub(crate) const HIT_VERIFIED: u8 = 1;
    pub(crate) const SKIP: u8 = 2;
    pub(crate) const MISS: u8 = 3;
    pub(crate) const AUDIT: u8 = 4;
    pub(crate) const NONSENSE: u8 = 99;
    pub(crate) const GROW: u8 = 250;
    pub(crate) const LOOP: u8 = 254;
    pub(crate) const TRAP: u8 = 255;
}

/// Verdicts of a put, likewise.
pub(crate) mod reach {
    pub(crate) const SESSION: u8 = 0;
    pub(crate) const LOCAL: u8 = 1;
    pub(crate) const SHARED: u8 = 2;
    pub(crate) const NONSENSE: u8 = 99;
    pub(crate) const LOOP: u8 = 254;
    pub(crate) const TRAP: u8 = 255;
}

/// An action that tells the policy its verdicts, see `as-asked.wat`.
pub(crate) fn asking(get: u8, put: u8, name: &str) -> Digest {
    let mut action = action(name);
    action[..2].copy_from_slice(&[get, put]);
    action
}

/// A policy of tests/policies/, as text.
pub(crate) fn policy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/policies")
        .join(format!("{name}.wat"));
    let path = path
        .canonicalize()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text(path)
}

/// The same as a core module's bytes.
pub(crate) fn module(name: &str) -> Vec<u8> {
    wat::parse_file(policy(name)).expect("a policy of the tests is right")
}

/// The contract that every policy is made for.
pub(crate) const CONTRACT: &str = include_str!("../../guest-sdk/wit/policy.wit");

/// The version that [`CONTRACT`] has, and that policies of the tests are made for.
pub(crate) const CONTRACT_VERSION: &str = "0.2.0";

/// The same as a component's bytes, of a world that a WIT text describes; the text uses the
/// contract in that version.
pub(crate) fn component(name: &str, wit: &str) -> Vec<u8> {
    component_for(CONTRACT_VERSION, module(name), wit)
}

/// A core module as a component, for a version of the contract. Module and text are written for
/// [`CONTRACT_VERSION`].
pub(crate) fn component_for(version: &str, module: Vec<u8>, wit: &str) -> Vec<u8> {
    component_with(wit_parser::Resolve::default(), version, module, wit)
}

/// The same with a text that names packages which are known already.
pub(crate) fn component_with(
    mut resolve: wit_parser::Resolve,
    version: &str,
    mut module: Vec<u8>,
    wit: &str,
) -> Vec<u8> {
    let contract = CONTRACT.replace(&format!("@{CONTRACT_VERSION};"), &format!("@{version};"));
    resolve
        .push_str("contract.wit", &contract)
        .expect("the contract is right");
    let package = resolve
        .push_str("policy.wit", &wit.replace(CONTRACT_VERSION, version))
        .expect("a WIT text of the tests is right");
    let world = resolve
        .select_world(&[package], None)
        .expect("it has one world");
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding)
        .expect("they fit");
    let mut encoder = wit_component::ComponentEncoder::default()
        .module(&module)
        .expect("a module")
        .validate(true);
    encoder.encode().expect("a component")
}

/// A path for a command line.
pub(crate) fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().expect("UTF-8")
}
