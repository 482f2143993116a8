//! s3proxy, an S3 server that knows no conditional writes. It comes from Maven Central and runs on
//! Java.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::process;

use super::Fetch;

/// The SHA-256 of the release, in base64.
const SHA256: &str = "fjSCJSh/LvpYCx+b4XCj7+GHvGz6nNNzCWiGPRxzY6w=";

/// What fetches it.
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

pub(super) fn s3proxy(fetch: &Fetch<'_>) -> Result<String> {
    for program in ["java", "mvn"] {
        ensure!(
            process::find(program).is_some(),
            "`{program}` is not installed (on Debian: `apt-get install default-jre-headless maven`)"
        );
    }
    let release = fetch.server.release;
    let mut client = Command::new("mvn");
    client
        .args(["--batch-mode", "--quiet", PLUGIN])
        .arg(format!(
            "-Dartifact=org.gaul:s3proxy:{release}:jar:jar-with-dependencies"
        ))
        .arg(format!("-DoutputDirectory={}", fetch.folder.display()));
    // What it prints is of no use, and has escape sequences.
    process::read(&mut client)?;
    let name = format!("s3proxy-{release}-jar-with-dependencies.jar");
    let file = fetch.folder.join(&name);
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = STANDARD.encode(Sha256::digest(&bytes));
    ensure!(
        found == SHA256,
        "{} has the digest {found} and not {SHA256}: the package was changed",
        file.display()
    );
    Ok(format!("java -jar \"$here/s3proxy/{name}\""))
}
