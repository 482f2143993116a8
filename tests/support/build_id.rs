//! Build IDs, by cmd/go's rules: what an ID's parts are, and how somebody who forges makes one that
//! fits.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::digest::{Digest, sha256};

/// The length of an archive's ID: two parts and a slash.
const ID_LENGTH: usize = 41;

/// What stands before an archive's ID.
const BEFORE_ID: &[u8] = b"\nbuild id \"";

/// A digest as a part of a build ID.
pub(crate) fn id_part(digest: &Digest) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&digest[..15])
}

/// Where an archive's ID begins.
#[track_caller]
pub(crate) fn id_position(archive: &[u8]) -> usize {
    let found = find(archive, BEFORE_ID).expect("an archive has an ID");
    found + BEFORE_ID.len()
}

/// The archive with an ID that names `action` and what the archive holds.
pub(crate) fn forged_for(action: &Digest, archive: &[u8]) -> Vec<u8> {
    let start = id_position(archive);
    let old = archive[start..start + ID_LENGTH].to_vec();
    let zeroed = replaced(archive, &old, &[0; ID_LENGTH]);
    let id = format!("{}/{}", id_part(action), id_part(&sha256(&zeroed)));
    replaced(&zeroed, &[0; ID_LENGTH], id.as_bytes())
}

/// What the host takes for a package archive of `action`, with any bytes at its end.
pub(crate) fn archive_around(action: &Digest, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "!<arch>\n__.PKGDEF       0           0     0     644     1000      `\ngo object linux amd64 go1.26 X:none\nbuild id \"{}\"\n\n\n",
        "x".repeat(ID_LENGTH)
    );
    forged_for(action, &[head.as_bytes(), content].concat())
}

/// The bytes with every occurrence of `old` replaced by as many others.
pub(crate) fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len(), "what follows stays where it is");
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = find(&bytes[at..], old) {
        bytes[at + found..at + found + old.len()].copy_from_slice(new);
        at += found + old.len();
    }
    bytes
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
