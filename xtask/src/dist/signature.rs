//! The signature of SHA256SUMS, by the program minisign and with a key from a file. Whoever checks
//! it and then the checksums has checked every package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use minisign_verify::{PublicKey, Signature};

use crate::process;

use super::check::Made;
use super::tree::read;
use super::{CHECKSUMS, PACKAGE};

/// Signs the checksums in `out`. minisign asks for the password of the key if it has one.
pub(super) fn sign(out: &Path, key: &Path, version: &str) -> Result<()> {
    let checksums = out.join(CHECKSUMS);
    let mut command = Command::new("minisign");
    command
        .args(["-S", "-s"])
        .arg(key)
        .arg("-m")
        .arg(&checksums)
        .arg("-x")
        .arg(signature_of(out))
        .args(["-t", &format!("{PACKAGE} {version}")]);
    process::run(&mut command)
}

fn signature_of(out: &Path) -> PathBuf {
    out.join(format!("{CHECKSUMS}.minisig"))
}

/// Signs with a new key, and verifies with another implementation.
pub(super) fn check(made: &Made<'_>) -> Result<()> {
    let (public, secret) = (made.scratch.join("key.pub"), made.scratch.join("key"));
    let mut command = Command::new("minisign");
    command.args(["-G", "-W", "-p"]).arg(&public);
    process::read(command.arg("-s").arg(&secret))?;
    sign(made.out, &secret, &made.release.version)?;
    let public = PublicKey::from_file(&public).context("cannot read the public key")?;
    let text = fs::read_to_string(signature_of(made.out))?;
    let signature = Signature::decode(&text).context("cannot read the signature")?;
    ensure!(
        signature.trusted_comment() == format!("{PACKAGE} {}", made.release.version),
        "the signature is for another version: {text}"
    );
    let mut checksums = read(&made.out.join(CHECKSUMS))?;
    public
        .verify(&checksums, &signature, false)
        .context("the signature does not fit")?;
    checksums[0] ^= 1;
    ensure!(
        public.verify(&checksums, &signature, false).is_err(),
        "the signature fits other checksums"
    );
    Ok(())
}
