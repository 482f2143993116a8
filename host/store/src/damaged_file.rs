//! A file with a problem, and its removal. It is removed only while the path still leads to the
//! same file.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use cachewarden_system::file_status::{self, FileId, Kind, Status};

use super::files;
use super::finding::{FileKind, Problem};

/// A file with a problem.
pub(super) struct DamagedFile {
    pub(super) problem: Problem,
    /// `None` where it could not be looked at.
    id: Option<FileId>,
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
            let damaged_file = match file_status::at(path) {
                Ok(status) if status.kind == Kind::File => match files::open_regular(path, false) {
                    Ok((mut file, status)) => Self {
                        problem: check(&mut file)
                            .unwrap_or_else(|error| Some(Problem::Unreadable(error)))?,
                        id: Some(status.id),
                        _file: Some(file),
                    },
                    Err(error) => Self::unopened(Problem::Unreadable(error), &status),
                },
                Ok(status) => {
                    let found = fs::symlink_metadata(path).map(|found| found.file_type().into());
                    let problem = Problem::Displaced {
                        found: found.unwrap_or(FileKind::Device),
                        expected: FileKind::File,
                    };
                    Self::unopened(problem, &status)
                }
                Err(error) if files::is_not_there(&error) => return None,
                Err(error) => {
                    return Some(Self {
                        problem: Problem::Unreadable(error),
                        id: None,
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

    fn unopened(problem: Problem, status: &Status) -> Self {
        Self {
            problem,
            id: Some(status.id),
            _file: None,
        }
    }

    /// Which file was checked.
    pub(super) fn id(&self) -> Option<FileId> {
        self.id
    }

    fn is_at(&self, path: &Path) -> bool {
        file_status::at(path).is_ok_and(|status| Some(status.id) == self.id)
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
