//! Files for CI services, as `examples/ci` has them.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
        if fs::read(path).is_ok_and(|there| there == self.text.as_bytes()) {
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
        is_made.or_fail(Code::SetUpNotWritten, || {
            format!(
                "cannot write {}; run it in a folder that this user can write",
                self.path
            )
        })?;
        output::print(&format!(
            "Wrote {}. Its comments name the page that explains it; put the names of your own bucket and branches in.\n",
            self.path
        ))
    }

    /// Makes the file whole or not at all.
    fn make(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder)?;
        file.write_all(self.text.as_bytes())?;
        file.persist_noclobber(path)?;
        Ok(())
    }
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
        for file in [GITHUB, GITLAB, DOCKER] {
            let page = file.option.trim_start_matches('-');
            assert!(file.text.contains(&format!("docs/ci/{page}.md")), "{page}");
        }
    }
}
