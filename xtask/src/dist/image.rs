//! A container image from scratch: the one static program, and nothing else.
//!
//! The file is an archive of an OCI image layout (podman, skopeo, buildah), which `docker load`
//! takes, too: older versions of it read `manifest.json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::needs::{Needs, needs, processor};
use crate::{connect, process};

use super::check::Made;
use super::tree::{DATA, PROGRAM, Tree, gzip, read};
use super::{HOMEPAGE, PACKAGE, Release, SUMMARY, rfc3339, sha256};

/// How the name of an image's file ends.
pub(super) const ENDING: &str = ".oci.tar";

/// The folder of everything that is named by its SHA-256.
const BLOBS: &str = "blobs/sha256/";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What the image says about itself.
pub(super) struct About {
    version: String,
    /// As Go names it: `amd64`.
    architecture: &'static str,
    /// In seconds since 1970.
    time: u64,
}

impl About {
    pub(super) fn release(release: &Release) -> Result<About> {
        Ok(About {
            version: release.version.clone(),
            architecture: architecture(&release.triple)?,
            time: release.time,
        })
    }
}

fn architecture(triple: &str) -> Result<&'static str> {
    Ok(match processor(triple) {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        _ => bail!("no image is made for {triple}"),
    })
}

/// Makes the image of a static program.
pub(super) fn make(about: &About, program: &[u8], needs: &Needs) -> Result<Vec<u8>> {
    ensure!(
        needs.is_static(),
        "an image has the program alone, and this one needs {:?}: build it with \
         `--target x86_64-unknown-linux-musl`",
        needs.libraries
    );
    let mut root = Tree::default();
    root.add(PACKAGE, PROGRAM, program);
    let files = root.tar("", about.time)?;
    let created = rfc3339(about.time);
    let mut layout = Tree::default();
    let mut add = |kind: &str, bytes: Vec<u8>| {
        let digest = sha256(&bytes);
        let size = bytes.len();
        layout.add(format!("{BLOBS}{digest}"), DATA, bytes);
        json!({ "mediaType": kind, "digest": format!("sha256:{digest}"), "size": size })
    };
    let layer = add(LAYER, gzip(&files)?);
    let platform = json!({ "architecture": about.architecture, "os": "linux" });
    let config = json!({
        "architecture": about.architecture,
        "os": "linux",
        "created": created,
        "config": { "Entrypoint": [format!("/{PACKAGE}")], "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256(&files))] },
        "history": [{ "created": created, "created_by": "cargo xtask dist --image" }],
    });
    let config = add(CONFIG, serde_json::to_vec(&config)?);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": {
            "org.opencontainers.image.created": created,
            "org.opencontainers.image.description": SUMMARY,
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.source": HOMEPAGE,
            "org.opencontainers.image.title": PACKAGE,
            "org.opencontainers.image.version": about.version,
        },
    });
    let mut manifest = add(MANIFEST, serde_json::to_vec(&manifest)?);
    manifest["platform"] = platform;
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": about.version });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    let docker = json!([{
        "Config": blob(&config)?,
        "RepoTags": [format!("{PACKAGE}:{}", about.version)],
        "Layers": [blob(&layer)?],
    }]);
    layout.add_text("index.json", index.to_string());
    layout.add_text("manifest.json", docker.to_string());
    layout.add_text(
        "oci-layout",
        json!({ "imageLayoutVersion": "1.0.0" }).to_string(),
    );
    layout.tar("", about.time)
}

/// The path of what a descriptor names.
fn blob(descriptor: &Value) -> Result<String> {
    let digest = descriptor["digest"].as_str();
    let digest = digest.and_then(|digest| digest.strip_prefix("sha256:"));
    Ok(format!(
        "{BLOBS}{}",
        digest.context("a descriptor has no SHA-256")?
    ))
}

/// Unpacks an image as a container engine does, from the index to the layer, and runs the program
/// with that as its root. A release whose program needs a C library has no image: then the small
/// client, which is built for musl, stands for the program.
pub(super) fn check(made: &Made<'_>) -> Result<()> {
    let program = &made.release.files.get(PACKAGE)?.bytes;
    let needs = needs(program, &made.release.triple)?;
    let client;
    let (program, needs) = match needs.is_static() {
        true => (&program[..], needs),
        false => {
            client = read(&connect::build(made.workspace)?.program)?;
            (&client[..], Needs::default())
        }
    };
    let about = About::release(made.release)?;
    let image = make(&about, program, &needs)?;
    ensure!(
        image == make(&about, program, &needs)?,
        "other bytes the second time"
    );
    let root = made.scratch.join("image");
    let layout = root.join("layout");
    unpack(&image, &layout)?;
    let parsed =
        |file: &str| -> Result<Value> { Ok(serde_json::from_slice(&read(&layout.join(file))?)?) };
    let index = parsed("index.json")?;
    let manifest = parsed(&verified(&layout, &index["manifests"][0])?)?;
    let config = parsed(&verified(&layout, &manifest["config"])?)?;
    let docker = parsed("manifest.json")?;
    ensure!(docker[0]["Config"] == blob(&manifest["config"])?.as_str());
    let layer = layout.join(verified(&layout, &manifest["layers"][0])?);
    let tar = root.join("layer.tar");
    let unpacked = process::output(Command::new("gzip").args(["-dc"]).arg(&layer))?;
    let id = format!("sha256:{}", sha256(&unpacked));
    ensure!(config["rootfs"]["diff_ids"][0] == id, "another layer: {id}");
    fs::write(&tar, &unpacked)?;
    let container = root.join("root");
    fs::create_dir(&container)?;
    let mut command = Command::new("tar");
    process::run(command.arg("-C").arg(&container).arg("-xf").arg(&tar))?;
    let names: Vec<_> = fs::read_dir(&container)?.collect::<Result<_, _>>()?;
    ensure!(names.len() == 1, "the image has {names:?}");
    let entry = config["config"]["Entrypoint"][0].as_str();
    let mut command = Command::new("unshare");
    command
        // As a user that may change its root, also without being root.
        .args(["--map-root-user", "chroot"])
        .arg(&container)
        .arg(entry.context("the image has no program to start")?);
    let said = process::read(command.arg("--version"))?;
    ensure!(said.contains(&about.version), "the program prints: {said}");
    Ok(())
}

fn unpack(archive: &[u8], folder: &Path) -> Result<()> {
    let mut archive = tar::Archive::new(archive);
    archive
        .unpack(folder)
        .with_context(|| format!("cannot unpack an image into {}", folder.display()))
}

/// The path of what a descriptor names, if its digest and its size are those of the file.
fn verified(layout: &Path, descriptor: &Value) -> Result<String> {
    let path = blob(descriptor)?;
    let bytes = read(&layout.join(&path))?;
    ensure!(path.ends_with(&sha256(&bytes)), "{path} has other bytes");
    ensure!(descriptor["size"] == bytes.len(), "{path} has another size");
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::host;

    #[test]
    fn an_image_is_not_made_of_a_program_that_needs_a_library() {
        let own = read(&std::env::current_exe().unwrap()).unwrap();
        let about = About {
            version: "1.2.3".into(),
            architecture: architecture("x86_64-unknown-linux-musl").unwrap(),
            time: 0,
        };
        let needs = needs(&own, &host().unwrap()).unwrap();
        let error = make(&about, &own, &needs).unwrap_err().to_string();
        assert!(error.contains("libc.so.6"), "{error}");
        assert!(architecture("riscv64gc-unknown-linux-musl").is_err());
    }
}
