//! Zip archives, which Python's wheels are. Files of up to 4 GiB, none of them encrypted.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, Crc, write::DeflateEncoder};

use super::tree::{File, Tree};

/// What begins each record.
const LOCAL_FILE: &[u8] = b"PK\x03\x04";
const CENTRAL_FILE: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// The version that is needed to unpack, 2.0, and the method, deflate.
const NEEDS: [u8; 4] = [20, 0, 0, 0];
const DEFLATE: [u8; 2] = [8, 0];

/// Made by version 2.0 on Unix, which says that the modes of files count.
const MADE_BY: [u8; 2] = [20, 3];

/// Midnight of 1 January 1980, the first time that a zip archive can have: files have no other.
const TIME_AND_DATE: [u8; 4] = [0, 0, 0x21, 0];

/// The type of a plain file, before its mode.
const PLAIN_FILE: u32 = 0o100_000;

/// An archive of all files, in their order.
pub(super) fn zip(tree: &Tree) -> Result<Vec<u8>> {
    let (mut archive, mut central) = (Vec::new(), Vec::new());
    let mut count: u16 = 0;
    for (path, file) in tree.iter() {
        let offset = length(archive.len())?;
        let fields = add(&mut archive, path, file)?;
        central.extend_from_slice(CENTRAL_FILE);
        central.extend_from_slice(&MADE_BY);
        central.extend_from_slice(&fields);
        // No comment, the first disk, binary.
        central.extend_from_slice(&[0; 6]);
        central.extend_from_slice(&((PLAIN_FILE | file.mode) << 16).to_le_bytes());
        central.extend_from_slice(&offset);
        central.extend_from_slice(path.as_bytes());
        count = count.checked_add(1).context("too many files for a wheel")?;
    }
    let begin = length(archive.len())?;
    archive.extend_from_slice(&central);
    archive.extend_from_slice(END);
    archive.extend_from_slice(&[0; 4]);
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&length(central.len())?);
    archive.extend_from_slice(&begin);
    archive.extend_from_slice(&[0; 2]);
    Ok(archive)
}

/// Adds a file. Returns the fields that the central directory has, too.
fn add(archive: &mut Vec<u8>, path: &str, file: &File) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&file.bytes)?;
    let packed = encoder.finish()?;
    let mut crc = Crc::new();
    crc.update(&file.bytes);
    let mut fields = Vec::new();
    fields.extend_from_slice(&NEEDS);
    fields.extend_from_slice(&DEFLATE);
    fields.extend_from_slice(&TIME_AND_DATE);
    fields.extend_from_slice(&crc.sum().to_le_bytes());
    fields.extend_from_slice(&length(packed.len())?);
    fields.extend_from_slice(&length(file.bytes.len())?);
    fields.extend_from_slice(&u16::try_from(path.len())?.to_le_bytes());
    // No extra field.
    fields.extend_from_slice(&[0; 2]);
    archive.extend_from_slice(LOCAL_FILE);
    archive.extend_from_slice(&fields);
    archive.extend_from_slice(path.as_bytes());
    archive.extend_from_slice(&packed);
    Ok(fields)
}

fn length(bytes: usize) -> Result<[u8; 4]> {
    let length = u32::try_from(bytes).context("a wheel has at most 4 GiB")?;
    Ok(length.to_le_bytes())
}
