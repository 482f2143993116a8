//! Reads and writes at a place in a file.
//!
//! On Windows they also move the position that the file's other reads and writes have. So nobody
//! may use both ways on one open file.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Reads once, as [`std::io::Read::read`] does.
///
/// # Errors
/// When it cannot be read.
pub fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    system::read_at(file, bytes, offset)
}

/// Fills `bytes`.
///
/// # Errors
/// When it cannot be read, or ends before that.
pub fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    system::read_exact_at(file, bytes, offset)
}

/// Writes all of `bytes`.
///
/// # Errors
/// When they cannot be written.
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    system::write_all_at(file, bytes, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_at_a_place_is_read_there() {
        let file = tempfile::tempfile().unwrap();
        write_all_at(&file, b"later", 3).unwrap();
        write_all_at(&file, b"now", 0).unwrap();
        let mut bytes = [0; 8];
        read_exact_at(&file, &mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"nowlater");
        assert_eq!(read_at(&file, &mut bytes, 5).unwrap(), 3);
        assert_eq!(&bytes[..3], b"ter");
        assert_eq!(read_at(&file, &mut bytes, 8).unwrap(), 0);
        let short = read_exact_at(&file, &mut bytes, 1).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    }
}
