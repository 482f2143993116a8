//! Opens files that an operator names, without blocking on a pipe; only regular files are accepted.
//! Links are followed, unlike within the store, where only this program makes files.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Opens a regular file for reading.
///
/// # Errors
/// When it cannot be opened, or is not a regular file.
pub fn open_to_read(path: &Path) -> io::Result<(File, Metadata)> {
    open(OpenOptions::new().read(true), path)
}

/// Reads a regular file whole; `None` if it has more than `most` bytes.
///
/// # Errors
/// When it cannot be read, or is not a regular file.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let (file, metadata) = open_to_read(path)?;
    let mut bytes = Vec::with_capacity(metadata.len().min(most) as usize + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Opens a file for appending lines; it is created for this user alone where it is missing. A pipe
/// or a device in its place is an error: a pipe would block, and a device may be the protocol's
/// stream. A file with several names (hard links) is an error too: it may be an object in a store.
///
/// # Errors
/// When it cannot be opened, or is not a regular file with one name.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    let (file, metadata) = open(
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600),
        path,
    )?;
    match metadata.nlink() {
        0 | 1 => Ok(file),
        names => Err(io::Error::other(format!(
            "the file has {names} names (hard links), and lines that are written to one of them change what lies under the others, which may be a file of a store. Name a new file"
        ))),
    }
}

/// Appends a line in one write. If the last line is incomplete, because the disk was full, it
/// begins a new line.
///
/// # Errors
/// When it cannot be written.
pub fn append_line(file: &mut File, line: &[u8]) -> io::Result<()> {
    let mut text = Vec::with_capacity(line.len() + 2);
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 && file.read_at(&mut last, length - 1)? == 1 && last != [b'\n'] {
        text.push(b'\n');
    }
    text.extend_from_slice(line);
    text.push(b'\n');
    file.write_all(&text)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<(File, Metadata)> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = options.custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}
