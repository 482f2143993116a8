//! The bill of materials of the program: CycloneDX 1.6 in JSON, with a component for each crate.
//!
//! It has no serial number, and the time of the commit: the same sources give the same bytes.

use anyhow::Result;
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
