//! The versions of every tool that policies are built with: the one place to change them.
//!
//! Manifests of the SDKs, their templates and the examples name the same ones; the test below holds
//! them to it.
//!
//! What a package client fetches is pinned: npm's, PyPI's and cargo's packages (Cargo.lock has
//! those of the latter). What a machine has is taken as it is, from the oldest version on that
//! serves, because an author's machine has it in any version too: Go, Node, Python, clang with
//! wasm-ld, LDC, Rust. The compiler of the whole repository, and so of the policies in Rust, is
//! pinned in rust-toolchain.toml; Debian's, the last resort, is what Debian has.

/// AssemblyScript's compiler, from npm.
pub(super) const ASSEMBLYSCRIPT: &str = "0.28.20";

/// The JavaScript engine and what makes a component of it, from npm.
pub(super) const COMPONENTIZE_QJS: &str = "0.4.5";

/// What makes one script of a policy's modules, from npm.
pub(super) const ESBUILD: &str = "0.28.2";

/// What checks the types of a policy in TypeScript, from npm.
pub(super) const TYPESCRIPT: &str = "7.0.2";

/// The oldest Node that these run on.
pub(super) const OLDEST_NODE: u32 = 20;

/// The Python interpreter and what makes a component of it, from PyPI.
pub(super) const COMPONENTIZE_PY: &str = "0.25.1";

/// What builds the SDK's package for Python, from PyPI.
pub(crate) const SETUPTOOLS: &str = "84.2.1";

/// The oldest Python that the SDK runs on.
pub(super) const OLDEST_PYTHON: &str = "3.11";

/// Zig, whose C compiler is clang, from PyPI.
pub(super) const ZIGLANG: &str = "0.17.1";

/// The generator of the bindings in the SDK for Rust: what it generates belongs to a version.
#[cfg(test)]
const WIT_BINDGEN: &str = "0.61.1";

/// The oldest Go that builds a policy: the first with exports.
#[cfg(test)]
const OLDEST_GO: &str = "1.24";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn manifests_name_the_same_versions() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let expected = [
            ("guest-sdk/assemblyscript/package.json", ASSEMBLYSCRIPT),
            (
                "guest-sdk/assemblyscript/template/package.json",
                ASSEMBLYSCRIPT,
            ),
            (
                "examples/trusted-branches/assemblyscript/package.json",
                ASSEMBLYSCRIPT,
            ),
            (
                "guest-sdk/conformance/assemblyscript/package.json",
                ASSEMBLYSCRIPT,
            ),
            ("guest-sdk/javascript/package.json", COMPONENTIZE_QJS),
            ("guest-sdk/javascript/package.json", ESBUILD),
            (
                "guest-sdk/javascript/template/typescript/package.json",
                TYPESCRIPT,
            ),
            (
                "examples/trusted-branches/typescript/package.json",
                TYPESCRIPT,
            ),
            ("guest-sdk/conformance/typescript/package.json", TYPESCRIPT),
            (
                "xtask/locks/npm/assemblyscript/package.json",
                ASSEMBLYSCRIPT,
            ),
            ("xtask/locks/npm/javascript/package.json", COMPONENTIZE_QJS),
            ("xtask/locks/npm/javascript/package.json", ESBUILD),
            ("xtask/locks/npm/javascript/package.json", TYPESCRIPT),
            ("guest-sdk/python/pyproject.toml", COMPONENTIZE_PY),
            ("xtask/locks/pypi/setuptools-84.2.1.txt", SETUPTOOLS),
            ("guest-sdk/zig/README.md", ZIGLANG),
            ("guest-sdk/zig/template/README.md", ZIGLANG),
        ];
        for (file, version) in expected {
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            assert!(
                text.contains(&format!("\"{version}\"")) || text.contains(&format!("=={version}")),
                "{file} names {version}"
            );
        }
    }

    #[test]
    fn manifests_name_the_oldest_version_that_serves() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let expected = [
            (
                "guest-sdk/rust/Cargo.toml",
                format!("wit-bindgen = {{ version = \"{WIT_BINDGEN}\""),
            ),
            ("guest-sdk/go/go.mod", format!("go {OLDEST_GO}\n")),
            (
                "examples/trusted-branches/go/go.mod",
                format!("go {OLDEST_GO}\n"),
            ),
            (
                "guest-sdk/conformance/go/go.mod",
                format!("go {OLDEST_GO}\n"),
            ),
            (
                "guest-sdk/javascript/package.json",
                format!("\"node\": \">={OLDEST_NODE}\""),
            ),
            (
                "guest-sdk/python/pyproject.toml",
                format!("requires-python = \">={OLDEST_PYTHON}\""),
            ),
        ];
        for (file, words) in expected {
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            assert!(text.contains(&words), "{file} has no {words}");
        }
    }
}
