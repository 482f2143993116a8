//! Files for CI services, as `examples/ci` has them.
//!
//! Nothing is followed that is a link, and nothing is waited for: the folder may be a checkout of
//! what others have committed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use cachewarden_types::Code;

use crate::cli::failure::{Failure, OrFail, ensure};
use crate::cli::output;
use crate::cli::paths::shown;

use super::present::{self, Place};

/// A file for a CI service.
pub(super) struct CiFile {
    option: &'static str,
    /// Where it belongs, from the folder that [`CiFile::folder`] names.
    path: &'static str,
    /// Whether the service reads it in the root of the repository alone.
    is_of_root: bool,
    /// What in it is to be one's own.
    own: &'static str,
    /// The file, or the folder of files, that one has perhaps already.
    present: &'static str,
    /// A line of such a file to which lines of this one belong.
    is_wanted: fn(&str) -> bool,
    /// What such a line does, and what belongs there.
    belongs: [&'static str; 2],
    text: &'static str,
}

pub(super) const GITHUB: CiFile = CiFile {
    option: "--github",
    path: ".github/workflows/test.yml",
    is_of_root: true,
    own: "bucket and branches",
    present: ".github/workflows",
    is_wanted: present::sets_up_go,
    belongs: [
        "sets up go",
        "the step with cachewarden/cachewarden/action belongs behind such a step, and `cache: false` into it",
    ],
    text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ci/github/test.yml")),
};

pub(super) const GITLAB: CiFile = CiFile {
    option: "--gitlab",
    path: ".gitlab-ci.yml",
    is_of_root: true,
    own: "bucket and branches",
    present: ".gitlab-ci.yml",
    is_wanted: present::runs_go,
    belongs: [
        "runs go",
        "`image`, `variables` and `after_script` belong to such a job, and the rules to `workflow` of the file",
    ],
    text: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/ci/gitlab/gitlab-ci.yml"
    )),
};

pub(super) const DOCKER: CiFile = CiFile {
    option: "--docker",
    path: "Dockerfile",
    is_of_root: false,
    own: "bucket",
    present: "Dockerfile",
    is_wanted: present::runs_go,
    belongs: [
        "runs go",
        "the first stage belongs above its stage, which is then `FROM go-cachewarden`; `ENV GOCACHEPROG` above the line, and the mounts and `flush` into it",
    ],
    text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ci/docker/Dockerfile")),
};

impl CiFile {
    pub(super) fn print(&self) -> Result<(), Failure> {
        output::print(self.text)?;
        let place = match self.is_of_root {
            true => "root of the repository",
            false => "current folder",
        };
        output::say(&format!(
            "cachewarden: this is for {}; `cachewarden setup {} --write` makes the file in the {place}",
            self.path, self.option
        ));
        self.say_where_it_belongs(&self.folder()?);
        Ok(())
    }

    /// Names the lines of what is there to which lines of this file belong, and returns whether
    /// there are any.
    fn say_where_it_belongs(&self, start: &Path) -> bool {
        let [does, what] = self.belongs;
        let mut is_any = false;
        for Place { path, lines } in present::places(start, Path::new(self.present), self.is_wanted)
        {
            let whether = match &lines[..] {
                // Others than these files need nothing.
                [] if path != Path::new(self.path) => continue,
                [] => format!("is there, and no line of it {does} itself"),
                [line] => format!("{does} in line {line}"),
                lines => {
                    let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
                    format!("{does} in lines {}", lines.join(", "))
                }
            };
            is_any |= !lines.is_empty();
            output::say(&format!(
                "cachewarden: {} {whether}: {what}; give go `-trimpath`",
                shown(&start.join(path))
            ));
        }
        is_any
    }

    /// Makes the file where it belongs, unless one is there, or one that does the same.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let start = self.folder()?;
        let path = start.join(self.path);
        for folder in folders_on_the_way(Path::new(self.path)) {
            self.make_folder(&start.join(folder))?;
        }
        if self.is_same(&path) {
            return output::print(&format!(
                "{} is there already, and is the same.\n",
                shown(&path)
            ));
        }
        let is_done = self.say_where_it_belongs(&start);
        ensure(!is_done, Code::SetUpNotWritten, || {
            format!(
                "nothing is written, since {} {} already; `cachewarden setup {}` prints the lines to put there",
                self.present, self.belongs[0], self.option
            )
        })?;
        let is_made = self.make(&path);
        let is_there = matches!(&is_made, Err(error) if error.kind() == ErrorKind::AlreadyExists);
        ensure(!is_there, Code::SetUpNotWritten, || {
            format!(
                "{} is there already, and is not overwritten; `cachewarden setup {}` prints the lines to put into it",
                shown(&path),
                self.option
            )
        })?;
        is_made.or_fail(Code::SetUpNotWritten, || self.cannot_write(&start))?;
        let why = match start == Path::new("") {
            true => "",
            false => " in the root of the repository, where the service reads it",
        };
        output::print(&format!(
            "Wrote {}{why}. Its comments name the page that explains it; put the names of your own {} in.\n",
            shown(&path),
            self.own
        ))
    }

    /// The folder to which the path belongs: the root of the repository where the service reads it
    /// there alone and the current folder is below it, and otherwise the current folder, which has
    /// no name.
    fn folder(&self) -> Result<PathBuf, Failure> {
        if !self.is_of_root {
            return Ok(PathBuf::new());
        }
        let current = std::env::current_dir().or_fail(Code::SetUpNotWritten, || {
            "cannot find the current folder; run it in one that exists".to_owned()
        })?;
        let has_git = |folder: &&Path| fs::symlink_metadata(folder.join(".git")).is_ok();
        let root = current.ancestors().find(has_git);
        if root.is_none() {
            output::say(&format!(
                "cachewarden: the current folder is in no git repository, and {} is read in the root of one alone",
                self.path
            ));
        }
        let above = root.filter(|root| *root != current);
        Ok(above.map(Path::to_owned).unwrap_or_default())
    }

    /// Whether a file is there that has the same bytes.
    fn is_same(&self, path: &Path) -> bool {
        let there = present::read(path, self.text.len() as u64);
        there.is_some_and(|there| there == self.text.as_bytes())
    }

    /// Makes a folder on the way to the file, unless it is there.
    fn make_folder(&self, folder: &Path) -> Result<(), Failure> {
        let status = match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir(folder).and_then(|()| fs::symlink_metadata(folder))
            }
            status => status,
        };
        let status = status.or_fail(Code::SetUpNotWritten, || self.cannot_write(folder))?;
        ensure(status.is_dir(), Code::SetUpNotWritten, || {
            format!(
                "{} is a link or no folder, and {} may only be written where no link leads; make it a folder, or put the lines that `cachewarden setup {}` prints where they belong",
                shown(folder),
                self.path,
                self.option
            )
        })
    }

    fn cannot_write(&self, folder: &Path) -> String {
        let folder = match folder == Path::new("") {
            true => "the current folder".to_owned(),
            false => shown(folder),
        };
        format!(
            "cannot write {} in {folder}; run it where this user can write",
            self.path
        )
    }

    /// Makes the file whole or not at all.
    fn make(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        // For all whom the umask lets read it, unlike other files that are made so.
        let mut file = tempfile::Builder::new().make_in(folder, |path| File::create_new(path))?;
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
