//! Why the last upload has left something: its process has nobody to talk to, so it is said by who
//! looks next.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use cachewarden_types::sanitize;

use crate::files;

/// The file that has the reason, in one line. It is there as long as the last upload has failed.
pub(super) const FAILED: &str = "failed";

/// The most bytes of a reason.
const MAX_REASON: usize = 1024;

/// An upload that has left something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedUpload {
    /// Why, for a person.
    pub reason: String,
    /// When it ended.
    pub time: SystemTime,
}

pub(super) fn read(folder: &Path) -> Option<FailedUpload> {
    let (file, metadata) = files::open_regular(&folder.join(FAILED), false).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_REASON as u64).read_to_end(&mut bytes).ok()?;
    Some(FailedUpload {
        reason: sanitize(String::from_utf8_lossy(&bytes).trim_end()),
        time: metadata.modified().ok()?,
    })
}

pub(super) fn write(folder: &Path, reason: Option<&str>) -> io::Result<()> {
    let path = folder.join(FAILED);
    let Some(reason) = reason else {
        return match fs::remove_file(path) {
            Err(error) if !files::is_not_there(&error) => Err(error),
            _ => Ok(()),
        };
    };
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    let end = reason.floor_char_boundary(MAX_REASON - 1);
    writeln!(file, "{}", sanitize(&reason[..end]))?;
    file.persist(path)?;
    Ok(())
}
