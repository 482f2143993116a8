//! What a program asks of the system that it runs on: its processor, shared libraries, and the
//! oldest version. A package must not promise to run on an older system than that.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use goblin::elf::{Elf, header as elf};
use goblin::mach::cputype::{CPU_TYPE_ARM64, CPU_TYPE_X86_64};
use goblin::mach::load_command::CommandVariant;
use goblin::mach::{MachO, header as mach};

use crate::cross::MACOS;

/// The part of a triple that names the system.
pub(crate) const LINUX: &str = "-linux-";

/// How a name begins that stands for the program itself among its libraries.
const OWN: &str = "self";

/// Where macOS has its own libraries.
const OF_MACOS: [&str; 2] = ["/usr/lib/", "/System/Library/"];

/// What a program asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The program that starts it, which finds its libraries. A static program has none.
    pub(crate) linker: Option<String>,
    /// The names of shared libraries.
    pub(crate) libraries: BTreeSet<String>,
    /// The newest version of glibc whose symbols it uses, such as (2, 34).
    pub(crate) glibc: Option<(u32, u32)>,
    /// The oldest version of macOS that it is linked for, such as (11, 0).
    pub(crate) macos: Option<(u32, u32)>,
}

impl Needs {
    /// Whether it runs on every system of its kind and processor.
    pub(crate) fn is_static(&self) -> bool {
        self.linker.is_none() && self.libraries.is_empty()
    }
}

/// Reads a program for a target.
///
/// # Errors
/// When it is of another system or processor, damaged, or not signed where macOS starts no program
/// without a signature.
pub(crate) fn needs(program: &[u8], triple: &str) -> Result<Needs> {
    let found = match triple.ends_with(MACOS) {
        true => of_macos(program, triple),
        false => of_linux(program, triple),
    };
    found.with_context(|| format!("the program is not for {triple}"))
}

fn of_linux(program: &[u8], triple: &str) -> Result<Needs> {
    let file = Elf::parse(program).context("it is no ELF file, or it is damaged")?;
    let machine = match processor(triple) {
        "x86_64" => elf::EM_X86_64,
        "aarch64" => elf::EM_AARCH64,
        other => bail!("no number of the processor {other} is known here"),
    };
    ensure!(
        file.header.e_machine == machine,
        "it is for another processor"
    );
    let mut versions = BTreeSet::new();
    for library in file.verneed.iter().flatten() {
        for version in library.iter() {
            let name = file.dynstrtab.get_at(version.vna_name);
            versions.extend(name.and_then(glibc));
        }
    }
    Ok(Needs {
        linker: file.interpreter.map(str::to_owned),
        libraries: file.libraries.iter().map(|&name| name.into()).collect(),
        glibc: versions.pop_last(),
        macos: None,
    })
}

fn of_macos(program: &[u8], triple: &str) -> Result<Needs> {
    let file = MachO::parse(program, 0).context("it is no Mach-O file, or it is damaged")?;
    let (wanted, must_be_signed) = match processor(triple) {
        "x86_64" => (CPU_TYPE_X86_64, false),
        "aarch64" => (CPU_TYPE_ARM64, true),
        other => bail!("no number of the processor {other} is known here"),
    };
    ensure!(
        file.header.cputype() == wanted,
        "it is for another processor"
    );
    ensure!(
        file.header.filetype == mach::MH_EXECUTE,
        "it is no executable"
    );
    let (mut oldest, mut is_signed) = (None, false);
    for command in &file.load_commands {
        match &command.command {
            CommandVariant::BuildVersion(version) => oldest = Some(version.minos),
            CommandVariant::VersionMinMacosx(version) => oldest = Some(version.version),
            CommandVariant::CodeSignature(_) => is_signed = true,
            _ => {}
        }
    }
    ensure!(
        is_signed || !must_be_signed,
        "it has no signature, and macOS starts no program for ARM without one"
    );
    // A version is `xxxx.yy.zz` in the nibbles of a number.
    let oldest = oldest.context("it does not say for which macOS it is")?;
    let libraries = file.libs.iter().filter(|name| **name != OWN);
    let libraries: BTreeSet<String> = libraries.map(|&name| name.into()).collect();
    let is_of_macos = |name: &&String| OF_MACOS.iter().any(|folder| name.starts_with(folder));
    if let Some(other) = libraries.iter().find(|name| !is_of_macos(name)) {
        bail!("it needs {other}, which macOS does not have");
    }
    Ok(Needs {
        linker: Some("dyld".into()),
        libraries,
        glibc: None,
        macos: Some((oldest >> 16, oldest >> 8 & 0xff)),
    })
}

/// The first part of a triple.
pub(crate) fn processor(triple: &str) -> &str {
    triple.split('-').next().unwrap_or_default()
}

/// The numbers of `GLIBC_2.34`, and of `GLIBC_2.2.5` the first two.
fn glibc(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::host;

    /// This test's own program is linked to the C library of this machine.
    #[test]
    #[cfg(target_env = "gnu")]
    fn a_dynamic_program_names_its_libraries_and_a_version() {
        let own = std::env::current_exe().expect("this program");
        let own = std::fs::read(own).expect("this program");
        let host = host().unwrap();
        let needs = needs(&own, &host).expect("an ELF program");
        assert!(needs.libraries.contains("libc.so.6"), "{needs:?}");
        assert!(!needs.is_static(), "{needs:?}");
        let glibc = needs.glibc.expect("a version");
        assert!(((2, 2)..=(2, 99)).contains(&glibc), "{glibc:?}");
        let other = match processor(&host) {
            "x86_64" => "aarch64-unknown-linux-musl",
            _ => "x86_64-unknown-linux-musl",
        };
        for (what, bytes, triple) in [
            ("cut", &own[..own.len() / 2], &host[..]),
            ("a script", b"#!/bin/sh\n", &host),
            ("another processor", &own, other),
            ("another system", &own, "x86_64-apple-darwin"),
        ] {
            assert!(super::needs(bytes, triple).is_err(), "{what}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(glibc("GLIBC_2.2.5"), Some((2, 2)));
        assert!(glibc("GLIBC_2.9") < glibc("GLIBC_2.34"));
        assert_eq!(glibc("GCC_3.0"), None);
        assert_eq!(glibc("GLIBC_PRIVATE"), None);
    }
}
