//! Files for CI services, as `examples/ci` has them.
//!
//! Nothing is followed that is a link, and nothing is waited for: the folder may be a checkout of
//! what others have committed.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use cachewarden_types::Code;

use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::output;

/// The mode of a new file, from which the umask takes what it takes.
const MODE: u32 = 0o666;

/// A file for a CI service.
pub(super) struct CiFile {
    option: &'static str,
    /// Where the service reads it, from the folder of the checkout.
    path: &'static str,
    text: &'static str,
}

pub(super) const GITHUB: CiFile = CiFile {
    option: "--github",
    path: ".github/workflows/test.yml",
    text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ci/github/test.yml")),
};

pub(super) const GITLAB: CiFile = CiFile {
    option: "--gitlab",
    path: ".gitlab-ci.yml",
    text: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/ci/gitlab/gitlab-ci.yml"
    )),
};

pub(super) const DOCKER: CiFile = CiFile {
    option: "--docker",
    path: "Dockerfile",
    text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ci/docker/Dockerfile")),
};

impl CiFile {
    pub(super) fn print(&self) -> Result<(), Failure> {
        output::print(self.text)?;
        output::say(&format!(
            "cachewarden: this is for {}; `cachewarden setup {} --write` makes the file in the current folder",
            self.path, self.option
        ));
        Ok(())
    }

    /// Makes the file in the current folder, unless one is there.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let path = Path::new(self.path);
        for folder in folders_on_the_way(path) {
            self.make_folder(folder)?;
        }
        if self.is_same(path).unwrap_or(false) {
            return output::print(&format!(
                "{} is there already, and is the same.\n",
                self.path
            ));
        }
        let is_made = self.make(path);
        let is_there = matches!(&is_made, Err(error) if error.kind() == ErrorKind::AlreadyExists);
        ensure(!is_there, Code::SetUpNotWritten, || {
            format!(
                "{} is there already, and is not overwritten; `cachewarden setup {}` prints the lines to put into it",
                self.path, self.option
            )
        })?;
        is_made.or_fail(Code::SetUpNotWritten, || self.cannot_write())?;
        output::print(&format!(
            "Wrote {}. Its comments name the page that explains it; put the names of your own bucket and branches in.\n",
            self.path
        ))
    }

    /// Whether a file is there that has the same bytes.
    fn is_same(&self, path: &Path) -> io::Result<bool> {
        // A device is not even opened.
        if !fs::symlink_metadata(path)?.is_file() {
            return Ok(false);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        let mut there = Vec::new();
        // One byte more tells a longer file.
        file.take(self.text.len() as u64 + 1)
            .read_to_end(&mut there)?;
        Ok(there == self.text.as_bytes())
    }

    /// Makes a folder on the way to the file, unless it is there.
    fn make_folder(&self, folder: &Path) -> Result<(), Failure> {
        let status = match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir(folder).and_then(|()| fs::symlink_metadata(folder))
            }
            status => status,
        };
        let status = status.or_fail(Code::SetUpNotWritten, || self.cannot_write())?;
        ensure(status.is_dir(), Code::SetUpNotWritten, || {
            format!(
                "{} is a link or no folder, and {} may only be written below this folder; make it a folder, or put the lines that `cachewarden setup {}` prints where they belong",
                folder.display(),
                self.path,
                self.option
            )
        })
    }

    fn cannot_write(&self) -> String {
        format!(
            "cannot write {}; run it in a folder that this user can write",
            self.path
        )
    }

    /// Makes the file whole or not at all.
    fn make(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder)?;
        file.write_all(self.text.as_bytes())?;
        file.persist_noclobber(path)?;
        Ok(())
    }
}

/// The folders that a relative path goes through, from the first on.
fn folders_on_the_way(path: &Path) -> impl Iterator<Item = &Path> {
    let mut folders: Vec<_> = path.ancestors().skip(1).collect();
    folders.retain(|folder| *folder != Path::new(""));
    folders.into_iter().rev()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_for_the_paths_that_they_name() {
        for file in [GITHUB, GITLAB] {
            let (first, _) = file.text.split_once('\n').expect("lines");
            assert!(first.starts_with(&format!("# {}.", file.path)), "{first}");
        }
        assert!(DOCKER.text.contains("\nFROM "));
        let version = env!("CARGO_PKG_VERSION");
        for (file, named) in [(GITHUB, "/action@v"), (DOCKER, "ARG VERSION=")] {
            assert!(
                file.text.contains(&format!("{named}{version}\n")),
                "{named}"
            );
        }
        for file in [GITHUB, GITLAB, DOCKER] {
            let page = file.option.trim_start_matches('-');
            // A stranger has no checkout of this repository.
            let page = format!(
                "{}/blob/main/docs/ci/{page}.md",
                env!("CARGO_PKG_REPOSITORY")
            );
            assert!(file.text.contains(&page), "{page}");
        }
    }
}
