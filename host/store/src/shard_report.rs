//! What a verification found in one folder.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use cachewarden_types::Digest;

use super::files;
use super::finding::{FileKind, Finding, Problem, Repair};

/// The counts and findings of one folder.
#[derive(Default)]
pub(super) struct ShardReport {
    pub(super) objects: u64,
    pub(super) bytes: u64,
    pub(super) entries: u64,
    pub(super) findings: Vec<Finding>,
}

impl ShardReport {
    /// Adds a finding that is reported and not repaired.
    pub(super) fn note(&mut self, path: PathBuf, problem: Problem) {
        self.findings.push(Finding {
            path,
            problem,
            repair: Repair::None,
        });
    }

    /// The names in a folder of the store. A folder that cannot be read becomes a finding.
    /// `metadata_of` decides whether a link in its place is followed.
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

    /// The files of a shard whose names are digests that begin with the shard's name; others become
    /// findings, unless `is_known` knows the name.
    pub(super) fn files_in(
        &mut self,
        shard: &Path,
        is_known: fn(&OsStr) -> bool,
    ) -> Vec<(PathBuf, Digest)> {
        let mut files = Vec::new();
        for name in self.names_in(shard, |path| fs::symlink_metadata(path)) {
            let path = shard.join(&name);
            match files::digest_of(&name) {
                Some(digest) if shard.ends_with(digest.file_path().shard()) => {
                    files.push((path, digest));
                }
                _ if files::is_temporary(&name) || is_known(&name) => {}
                _ => self.note(path, Problem::UnknownFile),
            }
        }
        files
    }
}

/// The sorted names in a folder, empty where there is no such folder; or the problem with it.
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
        // Something in place of the parent folder is reported for the parent.
        Err(error) if files::is_not_there(&error) => Ok(Vec::new()),
        Err(error) => Err(Problem::Unreadable(error)),
    }
}
