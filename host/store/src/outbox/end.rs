//! Why the last upload has left something: its process has nobody to talk to, so it is said by who
//! looks next. What only a person can change is said by the next session too, once.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use cachewarden_types::sanitize;

use crate::files;

/// The file that has the reason, in one line. It is there as long as the last upload has failed.
pub(super) const FAILED: &str = "failed";

/// The file that is there while no session has said what a person has to change. It has what kind of
/// thing that is, in one word.
pub(super) const REFUSED: &str = "refused";

/// The same file, once a session has said it.
pub(super) const SAID: &str = "refused-said";

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
    let (reason, time) = line_of(folder, FAILED)?;
    Some(FailedUpload { reason, time })
}

/// What a file of a tier's folder has, if that is a file, and when it was written.
fn line_of(folder: &Path, name: &str) -> Option<(String, SystemTime)> {
    let (file, status) = files::open_regular(&folder.join(name), false).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_REASON as u64).read_to_end(&mut bytes).ok()?;
    let text = sanitize(String::from_utf8_lossy(&bytes).trim_end());
    Some((text, status.modified))
}

pub(super) fn write(folder: &Path, reason: Option<&str>) -> io::Result<()> {
    let Some(reason) = reason else {
        return [FAILED, REFUSED, SAID]
            .into_iter()
            .try_for_each(|name| remove(folder, name));
    };
    let end = reason.floor_char_boundary(MAX_REASON - 1);
    put(folder, FAILED, &sanitize(&reason[..end]))
}

/// Sees that the next session says the reason, unless one has said this kind of it already.
pub(super) fn note_refusal(folder: &Path, kind: &str) -> io::Result<()> {
    let is_known = |name| line_of(folder, name).is_some_and(|(known, _)| known == kind);
    match is_known(REFUSED) || is_known(SAID) {
        true => Ok(()),
        false => put(folder, REFUSED, kind),
    }
}

/// The reason, for the one session that says it.
pub(super) fn take_refusal(folder: &Path) -> Option<FailedUpload> {
    fs::rename(folder.join(REFUSED), folder.join(SAID)).ok()?;
    read(folder)
}

fn put(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = files::new_in(folder, files::FILE_MODE)?;
    writeln!(file, "{text}")?;
    files::persist(file, &folder.join(name))
}

fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(folder.join(name)) {
        Err(error) if !files::is_not_there(&error) => Err(error),
        _ => Ok(()),
    }
}
