//! The packages for npm: one with the program for each system, which a small one names as optional
//! dependencies. npm installs the one that fits. No script runs at the installation.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::files::{LICENCES, POLICY_FOLDER};
use super::tree::{DATA, PROGRAM, Tree};
use super::{HOMEPAGE, PACKAGE, Release, SUMMARY};

/// npm unpacks what lies in this folder of the archive.
const FOLDER: &str = "package";

/// The scope of the packages with a program.
const SCOPE: &str = "@cachewarden";

/// The files of packaging/npm/.
pub(super) struct Sources {
    pub(super) launcher: Vec<u8>,
    pub(super) index: Vec<u8>,
    pub(super) readme: Vec<u8>,
}

/// Both packages, each with its file name.
pub(super) struct Packages {
    /// The program for one system.
    pub(super) of_system: (String, Vec<u8>),
    /// What takes that of the system on which it is installed.
    pub(super) of_all: (String, Vec<u8>),
}

/// Makes both packages. `triples` are those of all archives of this version.
pub(super) fn make(release: &Release, triples: &[String], sources: &Sources) -> Result<Packages> {
    let platform = Platform::of(&release.triple)?;
    let mut one = Tree::default();
    one.add(PACKAGE, PROGRAM, release.files.get(PACKAGE)?.bytes.clone());
    // The program finds them there by their names.
    for (policy, file) in release.files.below(POLICY_FOLDER) {
        one.add(format!("{POLICY_FOLDER}{policy}"), DATA, file.bytes.clone());
    }
    let mut manifest = manifest(release, &platform.package());
    manifest["os"] = json!([platform.os]);
    manifest["cpu"] = json!([platform.cpu]);
    if release.triple.ends_with("-gnu") {
        manifest["libc"] = json!(["glibc"]);
    }
    manifest["preferUnplugged"] = json!(true);
    complete(&mut one, release, &manifest, sources)?;

    let mut all = Tree::default();
    all.add("bin/cachewarden.js", PROGRAM, sources.launcher.clone());
    all.add("index.js", DATA, sources.index.clone());
    let mut manifest = self::manifest(release, PACKAGE);
    manifest["bin"] = json!({ PACKAGE: "bin/cachewarden.js" });
    manifest["main"] = json!("index.js");
    manifest["engines"] = json!({ "node": ">=18" });
    for triple in triples {
        let name = Platform::of(triple)?.package();
        manifest["optionalDependencies"][name] = json!(release.version);
    }
    complete(&mut all, release, &manifest, sources)?;

    let version = &release.version;
    let file = |name: &str| format!("{name}-{version}.tgz");
    Ok(Packages {
        of_system: (
            file(&format!("npm-{PACKAGE}-{}-{}", platform.os, platform.cpu)),
            one.tar_gz(FOLDER, release.time)?,
        ),
        of_all: (
            file(&format!("npm-{PACKAGE}")),
            all.tar_gz(FOLDER, release.time)?,
        ),
    })
}

fn manifest(release: &Release, name: &str) -> Value {
    json!({
        "name": name,
        "version": release.version,
        "description": SUMMARY,
        "license": "Apache-2.0",
        "repository": { "type": "git", "url": format!("git+{HOMEPAGE}.git") },
    })
}

/// Adds what both packages have.
fn complete(tree: &mut Tree, release: &Release, manifest: &Value, sources: &Sources) -> Result<()> {
    tree.add_text(
        "package.json",
        serde_json::to_string_pretty(manifest)? + "\n",
    );
    tree.add("README.md", DATA, sources.readme.clone());
    for name in LICENCES {
        tree.add(name, DATA, release.files.get(name)?.bytes.clone());
    }
    Ok(())
}

/// Node's names of a system and its processor.
struct Platform {
    os: &'static str,
    cpu: &'static str,
}

impl Platform {
    fn of(triple: &str) -> Result<Platform> {
        let pair = |names: &[(&str, &'static str)]| {
            let found = names.iter().find(|(part, _)| triple.contains(part));
            found.map(|(_, name)| *name)
        };
        let os = pair(&[("-linux-", "linux"), ("-darwin", "darwin")]);
        let cpu = pair(&[("x86_64-", "x64"), ("aarch64-", "arm64")]);
        let both = os.zip(cpu).map(|(os, cpu)| Platform { os, cpu });
        both.with_context(|| format!("npm packages are not made for {triple}"))
    }

    fn package(&self) -> String {
        format!("{SCOPE}/{}-{}", self.os, self.cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triple_is_named_as_node_names_it() {
        for (triple, expected) in [
            ("x86_64-unknown-linux-gnu", Some("@cachewarden/linux-x64")),
            (
                "aarch64-unknown-linux-musl",
                Some("@cachewarden/linux-arm64"),
            ),
            ("aarch64-apple-darwin", Some("@cachewarden/darwin-arm64")),
            ("riscv64gc-unknown-linux-gnu", None),
        ] {
            let found = Platform::of(triple).ok().map(|platform| platform.package());
            assert_eq!(found.as_deref(), expected, "{triple}");
        }
    }
}
