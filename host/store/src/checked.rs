//! What a verification saw in one folder.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use cachewarden_types::Digest;

use super::files;
use super::finding::{FileKind, Finding, Problem, Repair};

/// What one folder came to.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) entries: u64,
    pub(super) findings: Vec<Finding>,
}

impl Checked {
    /// Notes something about which nothing is done.
    pub(super) fn note(&mut self, path: PathBuf, problem: Problem) {
        self.findings.push(Finding {
            path,
            problem,
            repair: Repair::None,
        });
    }

    /// The names in a folder of the store; what keeps it from being read is noted. `look` says whether a link in its
    /// place counts.
    pub(super) fn names_in(
        &mut self,
        folder: &Path,
        look: fn(&Path) -> io::Result<Metadata>,
    ) -> Vec<OsString> {
        match read_folder(folder, look) {
            Ok(names) => names,
            Err(problem) => {
                self.note(folder.to_owned(), problem);
                Vec::new()
            }
        }
    }

    /// The files of a folder that are named by digests which begin with the folder's name; others are noted.
    pub(super) fn files_in(&mut self, bucket: &Path) -> Vec<(PathBuf, Digest)> {
        let mut files = Vec::new();
        for name in self.names_in(bucket, |path| fs::symlink_metadata(path)) {
            let path = bucket.join(&name);
            match files::digest_of(&name) {
                Some(digest) if bucket.ends_with(digest.file_path().bucket()) => {
                    files.push((path, digest));
                }
                _ if files::is_temporary(&name) => {}
                _ => self.note(path, Problem::Stray),
            }
        }
        files
    }
}

/// The names in a folder, in order, none where there is no such folder; or what is wrong with it.
fn read_folder(
    folder: &Path,
    look: fn(&Path) -> io::Result<Metadata>,
) -> Result<Vec<OsString>, Problem> {
    let read = || {
        let found = FileKind::from(look(folder)?.file_type());
        if found != FileKind::Folder {
            return Ok(Err(Problem::Displaced {
                found,
                expected: FileKind::Folder,
            }));
        }
        files::read_names(folder).map(Ok)
    };
    match read() {
        Ok(names) => names,
        // What lies in place of the folder above it is told of there.
        Err(error) if files::is_not_there(&error) => Ok(Vec::new()),
        Err(error) => Err(Problem::Unreadable(error)),
    }
}
