//! A file with a problem, and its removal. It is removed only while the path still leads to the
//! same file.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files;
use super::finding::{FileKind, Problem};

/// Device and inode number.
pub(super) type FileIdentity = (u64, u64);

/// A file with a problem.
pub(super) struct DamagedFile {
    pub(super) problem: Problem,
    identity: FileIdentity,
    /// While it is open, no other file can get its inode number.
    _file: Option<File>,
}

impl DamagedFile {
    /// Checks the file at `path`; `None` where nothing is wrong with it, or there is none.
    pub(super) fn find(
        path: &Path,
        mut check: impl FnMut(&mut File) -> io::Result<Option<Problem>>,
    ) -> Option<Self> {
        loop {
            let damaged_file = match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_file() => match files::open_regular(path, false) {
                    Ok((mut file, metadata)) => Self {
                        problem: check(&mut file)
                            .unwrap_or_else(|error| Some(Problem::Unreadable(error)))?,
                        identity: identity(&metadata),
                        _file: Some(file),
                    },
                    Err(error) => Self::unopened(Problem::Unreadable(error), &metadata),
                },
                Ok(metadata) => {
                    let problem = Problem::Displaced {
                        found: metadata.file_type().into(),
                        expected: FileKind::File,
                    };
                    Self::unopened(problem, &metadata)
                }
                Err(error) if files::is_not_there(&error) => return None,
                Err(error) => {
                    return Some(Self {
                        problem: Problem::Unreadable(error),
                        identity: (0, 0),
                        _file: None,
                    });
                }
            };
            // Otherwise a put has replaced it meanwhile: check the new file.
            if damaged_file.is_at(path) {
                return Some(damaged_file);
            }
        }
    }

    fn unopened(problem: Problem, metadata: &Metadata) -> Self {
        Self {
            problem,
            identity: identity(metadata),
            _file: None,
        }
    }

    /// Which file was checked.
    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }

    fn is_at(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| identity(&metadata) == self.identity)
    }

    /// Removes the file under the exclusive lock of its folder, if it is still the file that was
    /// checked and `still` confirms the problem.
    ///
    /// # Errors
    /// When the system does not let it be removed.
    pub(super) fn remove(&self, path: &Path, still: impl Fn() -> bool) -> io::Result<()> {
        let _lock = files::lock_exclusive(path.parent().unwrap_or(Path::new(".")))?;
        if self.is_at(path) && still() {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// The identity of the file that has this metadata.
pub(super) fn identity(metadata: &Metadata) -> FileIdentity {
    (metadata.dev(), metadata.ino())
}
