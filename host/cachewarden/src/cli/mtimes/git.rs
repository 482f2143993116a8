//! What git knows of a checkout, asked of the git command.
//!
//! No configuration is used that can be committed: it may name programs for git to start. Nothing
//! named `.git` can be committed, so a repository counts only if such a name leads to it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cachewarden_types::{Code, sanitize};

use crate::cli::failure::{Failure, OrFail, ensure};

/// How git writes the mode of a submodule.
const SUBMODULE: &[u8] = b"160000";

/// The stage of a file that is not in the middle of a merge.
const MERGED: &[u8] = b"0";

/// The exit status of `update-index --refresh` where files differ from the index.
const DIFFERS: i32 = 1;

/// Comes before each command: no folder of files is taken for a bare repository, and neither a
/// monitor of the file system nor a hook is started. An option that an old git does not know has
/// no effect.
const OPTIONS: [&str; 6] = [
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
];

/// What git's text names where the first of the options makes it refuse a folder.
const REFUSES_BARE: &str = "safe.bareRepository";

/// Variables that have git look at another repository than the folder's, as in a hook. Those of the
/// configuration stay: a container may say safe.directory with them, and the options win over them.
const OF_ANOTHER_REPOSITORY: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
];

/// How the file begins that a submodule and a linked work tree have in place of git's folder.
const LEADS_TO: &[u8] = b"gitdir: ";

/// How much of such a file is read: more than a path can have.
const LONGEST: u64 = 64 << 10;

/// A folder in a work tree.
pub(super) struct Checkout {
    folder: PathBuf,
}

impl Checkout {
    /// Sees that the folder is in a work tree.
    pub(super) fn find(folder: &Path) -> Result<Self, Failure> {
        let checkout = Self {
            folder: folder.to_owned(),
        };
        ensure(folder.is_dir(), Code::CheckoutUnusable, || {
            format!(
                "{} is no folder; name one in a git checkout",
                folder.display()
            )
        })?;
        let question = ["rev-parse", "--is-inside-work-tree", "--absolute-git-dir"];
        let answer = checkout.ask(&question, 0).map_err(|failure| {
            match failure.text().contains(REFUSES_BARE) {
                true => no_git_leads_there(folder),
                false => failure,
            }
        })?;
        let of_git = answer
            .strip_prefix(b"true\n")
            .or_fail(Code::CheckoutUnusable, || {
                format!(
                    "{} is not in a work tree of git; name the folder of a checkout",
                    folder.display()
                )
            })?;
        let of_git = of_git.strip_suffix(b"\n").unwrap_or(of_git);
        match leads_there(folder, Path::new(OsStr::from_bytes(of_git))) {
            true => Ok(checkout),
            false => Err(no_git_leads_there(folder)),
        }
    }

    /// Files that differ from the index, or are not there. git reads a file whose time does not tell.
    pub(super) fn modified(&self) -> Result<HashSet<Vec<u8>>, Failure> {
        let answer = self.ask(&["ls-files", "-z", "--modified"], 0)?;
        Ok(parts(&answer).map(<[u8]>::to_vec).collect())
    }

    /// Calls with the path of each file of the index below the folder, and whether it is a submodule.
    /// One in the middle of a merge is left out.
    pub(super) fn tracked(&self, mut each: impl FnMut(&[u8], bool)) -> Result<(), Failure> {
        let answer = self.ask(&["ls-files", "-z", "--stage"], 0)?;
        for line in parts(&answer) {
            let (mode, stage, path) = parse(line).or_fail(Code::CheckoutUnusable, || {
                let line = String::from_utf8_lossy(line);
                format!(
                    "git ls-files says what is not understood: {}; update git",
                    sanitize(&line)
                )
            })?;
            if stage == MERGED {
                each(path, mode == SUBMODULE);
            }
        }
        Ok(())
    }

    /// Has git note the new times, so that it need not read the files again to see that they are
    /// the same.
    pub(super) fn refresh(&self) -> Result<(), Failure> {
        self.ask(&["update-index", "-q", "--refresh"], DIFFERS)?;
        Ok(())
    }

    /// Runs git in the folder. A status up to `accepted` is no failure.
    fn ask(&self, arguments: &[&str], accepted: i32) -> Result<Vec<u8>, Failure> {
        let mut git = Command::new("git");
        git.args(OPTIONS).arg("-C").arg(&self.folder);
        git.args(arguments).stdin(Stdio::null());
        for variable in OF_ANOTHER_REPOSITORY {
            git.env_remove(variable);
        }
        let ran = git.output();
        let output = match ran {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::new(
                    Code::CheckoutUnusable,
                    "no git command is in PATH, and mtimes asks it which files are unchanged; install git",
                ));
            }
            ran => ran.or_fail(Code::CheckoutUnusable, || "cannot run git".to_owned())?,
        };
        let is_done = output.status.code().is_some_and(|code| code <= accepted);
        ensure(is_done, Code::CheckoutUnusable, || {
            let told = String::from_utf8_lossy(&output.stderr);
            format!(
                "git {} fails in {}: {}; correct that, or name the folder of a checkout",
                arguments.join(" "),
                self.folder.display(),
                told.split_whitespace().collect::<Vec<_>>().join(" ")
            )
        })?;
        Ok(output.stdout)
    }
}

/// Whether `.git` in the folder, or in one above it, is or names this folder of git.
fn leads_there(folder: &Path, of_git: &Path) -> bool {
    let (Ok(folder), Ok(of_git)) = (folder.canonicalize(), of_git.canonicalize()) else {
        return false;
    };
    let mut named = folder.ancestors().filter_map(named_in);
    named.any(|named| named == of_git)
}

/// The folder of git that `.git` is in this folder, or that it names.
fn named_in(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(".git");
    let status = fs::metadata(&path).ok()?;
    if status.is_dir() {
        return path.canonicalize().ok();
    }
    if !status.is_file() {
        return None;
    }
    let mut text = Vec::new();
    let file = File::open(&path).ok()?;
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    let named = text.strip_prefix(LEADS_TO)?.trim_ascii_end();
    folder.join(OsStr::from_bytes(named)).canonicalize().ok()
}

/// Git takes a folder for a repository that need not be one of the user's.
fn no_git_leads_there(folder: &Path) -> Failure {
    Failure::new(
        Code::CheckoutUnusable,
        format!(
            "git takes {} for a repository, but no .git leads there: such files can be committed, with programs that git is to start; name the folder of a checkout, which has a .git",
            folder.display()
        ),
    )
}

/// Texts that each end with a NUL.
fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == 0)
        .filter(|part| !part.is_empty())
}

/// The mode, the stage and the path in `MODE OBJECT STAGE<tab>PATH`.
fn parse(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (facts, path) = line.split_at(tab);
    let mut facts = facts.split(|byte| *byte == b' ');
    let (mode, _object, stage) = (facts.next()?, facts.next()?, facts.next()?);
    Some((mode, stage, &path[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_git_is_taken_apart() {
        let line = b"100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0\ta b\tc";
        assert_eq!(parse(line), Some((&b"100644"[..], MERGED, &b"a b\tc"[..])));
        assert_eq!(parse(b"100644 e69de29 0 a"), None);
        assert_eq!(parts(b"a\0b\0").count(), 2);
    }

    #[test]
    fn a_repository_counts_where_a_name_that_cannot_be_committed_leads_to_it() {
        let root = tempfile::tempdir().expect("a folder");
        let path = |name: &str| root.path().join(name);
        for folder in [
            "main/.git/worktrees/l",
            "main/.git/modules/s",
            "main/a/b",
            "main/bare/refs",
            "main/s/c",
            "linked",
        ] {
            fs::create_dir_all(path(folder)).expect("it is made");
        }
        let linked = format!("gitdir: {}\n", path("main/.git/worktrees/l").display());
        fs::write(path("linked/.git"), linked).expect("a file");
        fs::write(path("main/s/.git"), "gitdir: ../.git/modules/s\n").expect("a file");
        for (folder, of_git, leads) in [
            ("main", "main/.git", true),
            ("main/a/b", "main/.git", true),
            ("main/s/c", "main/.git/modules/s", true),
            ("linked", "main/.git/worktrees/l", true),
            ("main/bare", "main/bare", false),
            ("main/bare/refs", "main/bare", false),
            ("linked", "main/.git", false),
            ("main/a", "nowhere", false),
        ] {
            let found = leads_there(&path(folder), &path(of_git));
            assert_eq!(found, leads, "{folder} {of_git}");
        }
    }
}
