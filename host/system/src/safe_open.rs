//! Opens files that an operator names, without blocking on a pipe; only regular files are accepted.
//! Links are followed, unlike within the store, where only this program makes files.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::file_at::read_at;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

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
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    let (file, metadata) = open(system::for_this_user(&mut options), path)?;
    match system::names(&file, &metadata)? {
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
    if length > 0 && read_at(file, &mut last, length - 1)? == 1 && last != [b'\n'] {
        text.push(b'\n');
    }
    text.extend_from_slice(line);
    text.push(b'\n');
    file.write_all(&text)
}

/// With these options an open follows no link in the last place, and waits for no pipe.
pub fn follow_no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    system::follow_no_link(options)
}

/// Options for reading a file, whose times can then be set, too. Windows asks for a right of its
/// own for that.
pub fn to_read_and_touch() -> OpenOptions {
    system::to_read_and_touch()
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<(File, Metadata)> {
    let file = system::wait_for_no_pipe(options).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && system::is_on_disk(&file) {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::SystemTime;

    #[test]
    fn a_line_is_appended_to_a_file_with_one_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lines");
        let mut file = open_to_append(&path).unwrap();
        append_line(&mut file, b"one").unwrap();
        fs::write(&path, "torn").unwrap();
        append_line(&mut open_to_append(&path).unwrap(), b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "torn\ntwo\n");
        fs::hard_link(&path, place.path().join("second")).unwrap();
        let error = open_to_append(&path).unwrap_err().to_string();
        assert!(error.contains("2 names"), "{error}");
    }

    #[test]
    fn a_folder_is_no_regular_file() {
        let place = tempfile::tempdir().unwrap();
        assert!(open_to_read(place.path()).is_err());
        assert!(open_to_append(place.path()).is_err());
    }

    #[test]
    fn a_file_that_is_only_read_can_be_touched() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut options = to_read_and_touch();
        let opened = follow_no_link(&mut options).open(file.path()).unwrap();
        let time = SystemTime::UNIX_EPOCH;
        opened.set_modified(time).unwrap();
        assert_eq!(opened.metadata().unwrap().modified().unwrap(), time);
    }
}
