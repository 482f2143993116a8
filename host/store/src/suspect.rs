//! A file in which something was found: judged as it is, and removed only while it still is that very file.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files;
use super::finding::{FileKind, Problem};

/// Which file it is, by device and number.
pub(super) type FileIdentity = (u64, u64);

/// A file in which something was found.
pub(super) struct Suspect {
    pub(super) problem: Problem,
    identity: FileIdentity,
    /// While it is open no other file can have its identity.
    _file: Option<File>,
}

impl Suspect {
    /// Checks the file that is at `path`; `None` where nothing is wrong with it, or nothing is there.
    pub(super) fn find(
        path: &Path,
        mut check: impl FnMut(&mut File) -> io::Result<Option<Problem>>,
    ) -> Option<Self> {
        loop {
            let suspect = match fs::symlink_metadata(path) {
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
            // Else a put has replaced it meanwhile, and the new one is looked at.
            if suspect.is_at(path) {
                return Some(suspect);
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

    /// Which file it is.
    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }

    fn is_at(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|metadata| identity(&metadata) == self.identity)
    }

    /// Removes the file, while nobody can touch or replace it, where it is the one that was looked at and `still` says
    /// that it is no better now.
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

/// Which file this is said of.
pub(super) fn identity(metadata: &Metadata) -> FileIdentity {
    (metadata.dev(), metadata.ino())
}
