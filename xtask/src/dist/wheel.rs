//! The wheel for Python: the program as a script, and the policies. It has no code in Python.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::cross::MACOS;
use crate::needs::{LINUX, Needs};

use super::files::{LICENCES, POLICY_FOLDER, SBOM};
use super::tree::{DATA, PROGRAM, Tree};
use super::zip::zip;
use super::{HOMEPAGE, PACKAGE, Release, SUMMARY};

/// The libraries that each system of a manylinux tag has, of those that programs in Rust use.
const LIBRARIES: [&str; 7] = [
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
];

/// The dynamic linker is another one on each processor.
const LINKER: &str = "ld-linux";

/// The oldest systems that pip knows by such a tag: a static program runs on them.
const OLDEST_GLIBC: (u32, u32) = (2, 17);
const OLDEST_MUSL: &str = "musllinux_1_1";

/// Makes the wheel: its name, and its bytes. `readme` is the page that PyPI shows.
pub(super) fn make(release: &Release, needs: &Needs, readme: &str) -> Result<(String, Vec<u8>)> {
    let tag = format!("py3-none-{}", platform(&release.triple, needs)?);
    let name = format!("{PACKAGE}-{}", version(&release.version)?);
    let info = format!("{name}.dist-info");
    let mut wheel = Tree::default();
    let program = &release.files.get(PACKAGE)?.bytes;
    wheel.add(
        format!("{name}.data/scripts/{PACKAGE}"),
        PROGRAM,
        program.clone(),
    );
    for (policy, file) in release.files.below(POLICY_FOLDER) {
        let path = format!("{name}.data/data/share/{PACKAGE}/{POLICY_FOLDER}{policy}");
        wheel.add(path, DATA, file.bytes.clone());
    }
    for licence in LICENCES {
        let bytes = release.files.get(licence)?.bytes.clone();
        wheel.add(format!("{info}/licenses/{licence}"), DATA, bytes);
    }
    let bill = release.files.get(SBOM)?.bytes.clone();
    wheel.add(format!("{info}/sboms/{SBOM}"), DATA, bill);
    wheel.add_text(format!("{info}/METADATA"), metadata(release, readme)?);
    wheel.add_text(
        format!("{info}/WHEEL"),
        format!(
            "Wheel-Version: 1.0\nGenerator: xtask\nRoot-Is-Purelib: false\n{}",
            tags(&tag)
        ),
    );
    let record = format!("{info}/RECORD");
    let mut lines = String::new();
    for (path, file) in wheel.iter() {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&file.bytes));
        lines += &format!("{path},sha256={digest},{}\n", file.bytes.len());
    }
    lines += &format!("{record},,\n");
    wheel.add_text(record, lines);
    Ok((format!("{name}-{tag}.whl"), zip(&wheel)?))
}

fn metadata(release: &Release, readme: &str) -> Result<String> {
    let files: String = LICENCES
        .iter()
        .map(|file| format!("License-File: {file}\n"))
        .collect();
    Ok(format!(
        "Metadata-Version: 2.4\nName: {PACKAGE}\nVersion: {}\nSummary: {SUMMARY}\n\
         License-Expression: Apache-2.0\n{files}Keywords: go,cache,gocacheprog,wasm\n\
         Classifier: Operating System :: {}\n\
         Classifier: Topic :: Software Development :: Build Tools\n\
         Project-URL: Repository, {HOMEPAGE}\nRequires-Python: >=3.8\n\
         Description-Content-Type: text/markdown\n\n{readme}",
        version(&release.version)?,
        match release.triple.ends_with(MACOS) {
            true => "MacOS",
            false => "POSIX :: Linux",
        }
    ))
}

/// The platforms of the tag, which may be several.
fn platform(triple: &str, needs: &Needs) -> Result<String> {
    let (processor, _) = triple.split_once('-').context("a triple has dashes")?;
    if triple.ends_with(MACOS) {
        let (major, minor) = needs.macos.context("the program names no version")?;
        let processor = match processor {
            "aarch64" => "arm64",
            other => other,
        };
        return Ok(format!("macosx_{major}_{minor}_{processor}"));
    }
    ensure!(
        triple.contains(LINUX),
        "wheels are made for Linux and macOS, not for {triple}"
    );
    let others: BTreeSet<_> = needs
        .libraries
        .iter()
        .filter(|name| !LIBRARIES.contains(&name.as_str()) && !name.starts_with(LINKER))
        .collect();
    ensure!(
        others.is_empty(),
        "the program needs {others:?}, which not every system of a manylinux tag has"
    );
    let (major, minor) = needs.glibc.unwrap_or(OLDEST_GLIBC).max(OLDEST_GLIBC);
    let glibc = format!("manylinux_{major}_{minor}_{processor}");
    Ok(match needs.is_static() {
        true => format!("{glibc}.{OLDEST_MUSL}_{processor}"),
        false => glibc,
    })
}

/// A line for each single tag of a compressed one.
fn tags(tag: &str) -> String {
    let (python, platforms) = tag.rsplit_once('-').unwrap_or((tag, ""));
    let all = platforms.split('.');
    all.map(|platform| format!("Tag: {python}-{platform}\n"))
        .collect()
}

/// The version as Python writes it: `1.0.0-rc.1` is `1.0.0rc1` there.
fn version(version: &str) -> Result<String> {
    let Some((release, suffix)) = version.split_once('-') else {
        return Ok(version.to_owned());
    };
    let (kind, number) = suffix.split_once('.').unwrap_or((suffix, "0"));
    ensure!(
        ["alpha", "beta", "rc"].contains(&kind) && number.parse::<u32>().is_ok(),
        "the version {version} has no form in Python: use -alpha.N, -beta.N or -rc.N"
    );
    let kind = if kind == "rc" { "rc" } else { &kind[..1] };
    Ok(format!("{release}{kind}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_promises_no_older_system_than_the_program_runs_on() {
        let needs = |libraries: &[&str], glibc| Needs {
            libraries: libraries.iter().map(|name| (*name).to_owned()).collect(),
            glibc,
            macos: Some((11, 0)),
            linker: None,
        };
        let linux = "x86_64-unknown-linux-gnu";
        let libc = ["libc.so.6", "ld-linux-x86-64.so.2"];
        for (triple, needs, expected) in [
            (
                linux,
                needs(&libc, Some((2, 34))),
                Ok("manylinux_2_34_x86_64"),
            ),
            (
                linux,
                needs(&libc, Some((2, 5))),
                Ok("manylinux_2_17_x86_64"),
            ),
            (
                "aarch64-unknown-linux-musl",
                needs(&[], None),
                Ok("manylinux_2_17_aarch64.musllinux_1_1_aarch64"),
            ),
            (linux, needs(&["libssl.so.3"], None), Err("libssl.so.3")),
            (
                "aarch64-apple-darwin",
                needs(&["/usr/lib/libSystem.B.dylib"], None),
                Ok("macosx_11_0_arm64"),
            ),
            (
                "x86_64-pc-windows-gnu",
                needs(&[], None),
                Err("Linux and macOS"),
            ),
        ] {
            match (platform(triple, &needs), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                (found, expected) => panic!("{triple}: {found:?} and not {expected:?}"),
            }
        }
    }

    #[test]
    fn versions_are_written_as_python_writes_them() {
        for (rust, expected) in [
            ("1.2.3", Some("1.2.3")),
            ("1.0.0-rc.2", Some("1.0.0rc2")),
            ("1.0.0-alpha.1", Some("1.0.0a1")),
            ("1.0.0-nightly", None),
        ] {
            assert_eq!(version(rust).ok().as_deref(), expected, "{rust}");
        }
    }
}
