//! A container image from scratch: the one static program, and nothing else.
//!
//! The file is an archive of an OCI image layout (podman, skopeo, buildah), which `docker load`
//! takes, too: older versions of it read `manifest.json`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::needs::{Needs, needs, processor};
use crate::workspace::Workspace;
use crate::{connect, process};

use super::builds::Way;
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

/// Starts a program with another root, as a user that may change it also without being root.
const CHROOT: [&str; 3] = ["unshare", "--map-root-user", "chroot"];

/// What names the start of the machine.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

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

/// What an image of this release has in it. A release whose program needs a C library has none: then
/// the small client, which is built for musl, stands for the program. `None` where no program for
/// Linux runs.
pub(super) fn program(workspace: &Workspace, release: &Release) -> Result<Option<Vec<u8>>> {
    if release.runner.is_none() {
        return Ok(None);
    }
    let program = &release.files.get(PACKAGE)?.bytes;
    match needs(program, &release.triple)?.is_static() {
        true => Ok(Some(program.to_vec())),
        false => read(&connect::build(workspace)?.program).map(Some),
    }
}

/// An image that was unpacked.
struct Unpacked {
    /// The folder that is the root of a container.
    root: PathBuf,
    /// The program that a container starts.
    entry: String,
}

/// Unpacks the image as a container engine does, from the index to the layer. The digest and the
/// size of all that is read are those that something else in the image names.
fn unpacked(made: &Made<'_>, name: &str) -> Result<Unpacked> {
    let folder = made.scratch.join(name);
    let layout = folder.join("layout");
    unpack(&read(&made.package(ENDING)?)?, &layout)?;
    let parsed =
        |file: &str| -> Result<Value> { Ok(serde_json::from_slice(&read(&layout.join(file))?)?) };
    let index = parsed("index.json")?;
    let manifest = parsed(&verified(&layout, &index["manifests"][0])?)?;
    let config = parsed(&verified(&layout, &manifest["config"])?)?;
    let docker = parsed("manifest.json")?;
    ensure!(docker[0]["Config"] == blob(&manifest["config"])?.as_str());
    let layer = layout.join(verified(&layout, &manifest["layers"][0])?);
    let tar = folder.join("layer.tar");
    let layer = process::output(Command::new("gzip").args(["-dc"]).arg(&layer))?;
    let id = format!("sha256:{}", sha256(&layer));
    ensure!(config["rootfs"]["diff_ids"][0] == id, "another layer: {id}");
    fs::write(&tar, &layer)?;
    let root = folder.join("root");
    fs::create_dir(&root)?;
    let mut command = Command::new("tar");
    process::run(command.arg("-C").arg(&root).arg("-xf").arg(&tar))?;
    let entry = config["config"]["Entrypoint"][0].as_str();
    let entry = entry.context("the image has no program to start")?.into();
    Ok(Unpacked { root, entry })
}

/// The image is whole, and has one program and nothing else.
pub(super) fn layout(made: &Made<'_>) -> Result<()> {
    let image = unpacked(made, "image-layout")?;
    let names: Vec<_> = fs::read_dir(&image.root)?.collect::<Result<_, _>>()?;
    ensure!(
        names.len() == 1 && image.root.join(&image.entry[1..]).is_file(),
        "the image has {names:?}"
    );
    Ok(())
}

/// Runs the program with the image as its root, and builds with it. Where the client stands for the
/// program, the build is with the program and the libraries that it needs, and nothing else.
pub(super) fn build(made: &Made<'_>) -> Result<()> {
    let image = unpacked(made, "image")?;
    let mut command = Command::new(CHROOT[0]);
    command.args(&CHROOT[1..]).arg(&image.root);
    let said = process::read(command.arg(&image.entry).arg("--version"))?;
    ensure!(
        said.contains(&made.release.version),
        "the program prints: {said}"
    );
    let program = &made.release.files.get(PACKAGE)?.bytes;
    if !needs(program, &made.release.triple)?.is_static() {
        let own = made.scratch.join("dynamic").join(PACKAGE);
        super::write(&own, program)?;
        fs::set_permissions(&own, PermissionsExt::from_mode(PROGRAM))?;
        for file in libraries(&own)? {
            let place = image.root.join(&file[1..]);
            super::write(&place, &read(file.as_ref())?)?;
            fs::set_permissions(&place, PermissionsExt::from_mode(PROGRAM))?;
        }
        fs::rename(&own, image.root.join(&image.entry[1..]))?;
    }
    // Each engine mounts /proc. Of that, the program reads whether the machine was started anew:
    // otherwise it uses no index of a module.
    super::write(&image.root.join(&BOOT[1..]), &read(BOOT.as_ref())?)?;
    let way = Way::new(made, "image", String::new())?;
    // A volume, which has one path for go and for the program: go opens the files of the store.
    let store = way.store();
    let outside = store.parent().context("a store has a folder")?;
    let inside = image.root.join(outside.strip_prefix("/")?);
    fs::create_dir_all(&inside)?;
    symlink(&inside, outside).with_context(|| outside.display().to_string())?;
    way.build(&format!(
        "{} '{}' {} --dir '{}'",
        CHROOT.join(" "),
        image.root.display(),
        image.entry,
        store.display()
    ))
}

/// The paths of the libraries that a program is started with here.
fn libraries(program: &Path) -> Result<Vec<String>> {
    let printed = process::read(Command::new("ldd").arg(program))?;
    let words = printed.split_whitespace();
    Ok(words
        .filter(|word| word.starts_with('/'))
        .map(str::to_owned)
        .collect())
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
