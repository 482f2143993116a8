//! The bill of materials of the program: CycloneDX 1.6 in JSON, with a component for each crate.
//!
//! It has no serial number, and the time of the commit: the same sources give the same bytes.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::PACKAGE;
use super::dependencies::Crate;

const VERSION: &str = "1.6";

/// Writes the bill. `time` is that of the commit, in RFC 3339.
pub(super) fn write(crates: &[Crate], time: &str) -> Result<String> {
    let program = crates.iter().find(|found| found.name == PACKAGE);
    let others = crates.iter().filter(|found| found.name != PACKAGE);
    let purl_of = |id: &String| {
        let found = crates.iter().find(|found| found.id == *id)?;
        Some(found.purl())
    };
    let dependencies = crates.iter().map(|found| {
        let depends: Vec<_> = found.depends.iter().filter_map(purl_of).collect();
        json!({ "ref": found.purl(), "dependsOn": depends })
    });
    let bill = json!({
        "$schema": format!("http://cyclonedx.org/schema/bom-{VERSION}.schema.json"),
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": program.map(|found| component(found, "application")),
        },
        "components": others.map(|found| component(found, "library")).collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}

fn component(found: &Crate, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": found.purl(),
        "name": found.name,
        "version": found.version,
        "purl": found.purl(),
    });
    if let Some(spdx) = found.spdx() {
        component["licenses"] = json!([{ "expression": spdx }]);
    }
    if let Some(checksum) = &found.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) = &found.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

/// Reads a bill as other tools do, by what CycloneDX demands. Returns the names and versions of the
/// crates that come from a registry.
///
/// <https://cyclonedx.org/docs/1.6/json/> and
/// <https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst> say what the fields
/// are.
pub(super) fn check(bill: &str) -> Result<Vec<(String, String)>> {
    let bill: Value = serde_json::from_str(bill).context("the bill is no JSON")?;
    ensure!(bill["bomFormat"] == "CycloneDX", "another `bomFormat`");
    ensure!(bill["specVersion"] == VERSION, "another `specVersion`");
    ensure!(
        bill["version"].as_u64().is_some_and(|version| version > 0),
        "`version` counts from 1"
    );
    let metadata = &bill["metadata"];
    let time = text(metadata, "timestamp")?;
    humantime::parse_rfc3339(time).with_context(|| format!("`{time}` is no time"))?;
    ensure!(metadata["component"]["name"] == PACKAGE, "another program");
    check_component(&metadata["component"], "application")?;
    let components = bill["components"].as_array();
    let components = components.context("the bill has no `components`")?;
    ensure!(!components.is_empty(), "the bill names no crate");
    let mut references = BTreeSet::from([text(&metadata["component"], "bom-ref")?]);
    let mut crates = Vec::new();
    for component in components {
        check_component(component, "library")
            .with_context(|| format!("in the component {component}"))?;
        let reference = text(component, "bom-ref")?;
        ensure!(references.insert(reference), "{reference} is there twice");
        if component["hashes"].is_array() {
            let (name, version) = (text(component, "name")?, text(component, "version")?);
            crates.push((name.to_owned(), version.to_owned()));
        }
    }
    let dependencies = bill["dependencies"].as_array();
    let mut open = references.clone();
    for dependency in dependencies.context("the bill has no `dependencies`")? {
        let reference = text(dependency, "ref")?;
        ensure!(open.remove(reference), "{reference} is unknown, or twice");
        for on in dependency["dependsOn"].as_array().into_iter().flatten() {
            let on = on.as_str().unwrap_or_default();
            ensure!(
                references.contains(on),
                "{reference} depends on `{on}`, which is no component"
            );
        }
    }
    ensure!(open.is_empty(), "nothing says what {open:?} depends on");
    Ok(crates)
}

fn check_component(component: &Value, kind: &str) -> Result<()> {
    ensure!(component["type"] == kind, "another `type`");
    let (name, version) = (text(component, "name")?, text(component, "version")?);
    let purl = text(component, "purl")?;
    let named = purl.strip_prefix("pkg:cargo/").context("another purl")?;
    let named = named.split_once('@').context("a purl with no version")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
    ensure!(
        named.0 == name && named.1.replace("%2B", "+") == version && named.1.chars().all(is_plain),
        "{purl} is no purl of {name} {version}"
    );
    for licence in component["licenses"].as_array().into_iter().flatten() {
        ensure!(
            !text(licence, "expression")?.contains('/'),
            "no expression of SPDX: {licence}"
        );
    }
    for hash in component["hashes"].as_array().into_iter().flatten() {
        let content = text(hash, "content")?;
        let is_hex = content.bytes().all(|byte| byte.is_ascii_hexdigit());
        ensure!(
            hash["alg"] == "SHA-256" && content.len() == 64 && is_hex,
            "no SHA-256: {hash}"
        );
    }
    let addresses = component["externalReferences"].as_array();
    for address in addresses.into_iter().flatten() {
        text(address, "type")?;
        text(address, "url")?;
    }
    Ok(())
}

/// A field that must be there, and be a text.
fn text<'a>(of: &'a Value, field: &str) -> Result<&'a str> {
    let text = of[field].as_str().filter(|text| !text.is_empty());
    text.with_context(|| format!("no `{field}` in {of}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program, and a crate whose version has a `+`.
    fn crates() -> Vec<Crate> {
        let crates = json!([
            {
                "name": PACKAGE, "version": "1.2.3", "id": "a", "license": "Apache-2.0",
                "manifest_path": "/a/Cargo.toml",
            },
            {
                "name": "zstd-sys", "version": "2.0.16+zstd.1.5.7", "id": "b",
                "license": "MIT/Apache-2.0", "manifest_path": "/b/Cargo.toml",
                "repository": "https://example.com/zstd", "source": "registry",
            },
        ]);
        let mut crates: Vec<Crate> = serde_json::from_value(crates).unwrap();
        crates[0].depends = ["b".to_owned()].into();
        crates[1].checksum = Some("c".repeat(64));
        crates
    }

    fn bill() -> Value {
        serde_json::from_str(&write(&crates(), "2026-01-02T03:04:05Z").unwrap()).unwrap()
    }

    #[test]
    fn a_bill_names_the_program_and_each_crate_by_its_purl() {
        let bill = bill();
        let crates = [("zstd-sys".to_owned(), "2.0.16+zstd.1.5.7".to_owned())];
        assert_eq!(check(&bill.to_string()).unwrap(), crates);
        let (program, component) = (&bill["metadata"]["component"], &bill["components"][0]);
        assert_eq!(program["purl"], "pkg:cargo/cachewarden@1.2.3");
        assert_eq!(component["purl"], "pkg:cargo/zstd-sys@2.0.16%2Bzstd.1.5.7");
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(component["hashes"][0]["content"], "c".repeat(64));
        let depends = &bill["dependencies"][0];
        assert_eq!(depends["ref"], program["bom-ref"]);
        assert_eq!(depends["dependsOn"], json!([component["bom-ref"]]));
    }

    #[test]
    fn a_bill_without_what_the_format_demands_is_refused() {
        for (field, value) in [
            ("/bomFormat", json!("SPDX")),
            ("/specVersion", json!("1.7")),
            ("/version", json!(0)),
            ("/metadata/timestamp", json!("yesterday")),
            ("/metadata/component/name", json!("other")),
            ("/metadata/component/type", json!("library")),
            ("/components", json!([])),
            ("/components/0/name", json!("")),
            (
                "/components/0/bom-ref",
                json!("pkg:cargo/cachewarden@1.2.3"),
            ),
            (
                "/components/0/purl",
                json!("pkg:cargo/zstd-sys@2.0.16+zstd.1.5.7"),
            ),
            (
                "/components/0/licenses/0/expression",
                json!("MIT/Apache-2.0"),
            ),
            ("/components/0/hashes/0/content", json!("c")),
            ("/components/0/externalReferences/0/url", json!(null)),
            ("/dependencies/0/ref", json!("other")),
            ("/dependencies/0/dependsOn/0", json!("other")),
            (
                "/dependencies/1",
                json!({ "ref": "pkg:cargo/cachewarden@1.2.3" }),
            ),
        ] {
            let mut bill = bill();
            *bill.pointer_mut(field).expect(field) = value;
            assert!(check(&bill.to_string()).is_err(), "{field}");
        }
    }
}
