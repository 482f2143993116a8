//! What a program asks of the system that it runs on: shared libraries, and the versions of their
//! symbols. A package must not promise to run on an older system than that.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

/// The types of sections (`sh_type`): what is linked dynamically, and which versions it needs.
const DYNAMIC: u32 = 6;
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;

/// The tag of an entry of the dynamic section that names a library.
const NEEDED: u64 = 1;

/// What a program asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// The names of shared libraries. A static program has none.
    pub(super) libraries: BTreeSet<String>,
    /// The newest version of glibc whose symbols it uses, such as (2, 34).
    pub(super) glibc: Option<(u32, u32)>,
}

/// A part of the file with a type, and the section that it refers to.
struct Section<'a> {
    kind: u32,
    link: usize,
    bytes: &'a [u8],
}

/// Reads a 64-bit little-endian ELF program.
pub(super) fn needs(program: &[u8]) -> Result<Needs> {
    read(program).context("the program is no 64-bit little-endian ELF file, or it is damaged")
}

fn read(program: &[u8]) -> Option<Needs> {
    let mut needs = Needs::default();
    let sections = sections(program)?;
    for section in &sections {
        let texts = || sections.get(section.link).map(|texts| texts.bytes);
        match section.kind {
            DYNAMIC => {
                for entry in section.bytes.chunks_exact(16) {
                    if long(entry, 0)? == NEEDED {
                        needs.libraries.insert(text(texts()?, long(entry, 8)?)?);
                    }
                }
            }
            VERSIONS_NEEDED => {
                needs.glibc = versions(section.bytes, texts()?)?
                    .iter()
                    .filter_map(|version| glibc(version))
                    .max();
            }
            _ => {}
        }
    }
    Some(needs)
}

fn sections(program: &[u8]) -> Option<Vec<Section<'_>>> {
    if !program.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let offset = usize::try_from(long(program, 0x28)?).ok()?;
    let (size, count) = (short(program, 0x3a)?, short(program, 0x3c)?);
    let all = (0..count).map(|index| {
        let header = program.get(offset.checked_add(index * size)?..)?;
        let kind = word(header, 4)?;
        let begin = usize::try_from(long(header, 0x18)?).ok()?;
        let length = usize::try_from(long(header, 0x20)?).ok()?;
        // Some sections have a size, and no bytes in the file.
        let bytes = match kind {
            DYNAMIC | VERSIONS_NEEDED => program.get(begin..begin.checked_add(length)?)?,
            _ => program.get(begin..)?.get(..length).unwrap_or_default(),
        };
        let link = usize::try_from(word(header, 0x28)?).ok()?;
        Some(Section { kind, link, bytes })
    });
    all.collect()
}

/// The names of all versions: a list of libraries, with a list of versions in each.
fn versions(bytes: &[u8], texts: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut library = 0;
    loop {
        let mut version = library + usize::try_from(word(bytes, library + 8)?).ok()?;
        for _ in 0..short(bytes, library + 2)? {
            found.push(text(texts, word(bytes, version + 8)?.into())?);
            version += usize::try_from(word(bytes, version + 12)?).ok()?;
        }
        match word(bytes, library + 12)? {
            0 => return Some(found),
            next => library += usize::try_from(next).ok()?,
        }
    }
}

/// The numbers of `GLIBC_2.34`, and of `GLIBC_2.2.5` the first two.
fn glibc(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("GLIBC_")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn text(texts: &[u8], at: u64) -> Option<String> {
    let rest = texts.get(usize::try_from(at).ok()?..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_le_bytes(bytes)))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test's own program is linked to the C library of this machine.
    #[test]
    #[cfg(target_env = "gnu")]
    fn a_dynamic_program_names_its_libraries_and_a_version() {
        let own = std::env::current_exe().expect("this program");
        let own = std::fs::read(own).expect("this program");
        let needs = needs(&own).expect("an ELF program");
        assert!(needs.libraries.contains("libc.so.6"), "{needs:?}");
        let glibc = needs.glibc.expect("a version");
        assert!(((2, 2)..=(2, 99)).contains(&glibc), "{glibc:?}");
        assert!(super::needs(&own[..own.len() / 2]).is_err(), "cut");
        assert!(super::needs(b"#!/bin/sh\n").is_err(), "a script");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(glibc("GLIBC_2.2.5"), Some((2, 2)));
        assert!(glibc("GLIBC_2.9") < glibc("GLIBC_2.34"));
        assert_eq!(glibc("GCC_3.0"), None);
        assert_eq!(glibc("GLIBC_PRIVATE"), None);
    }
}
