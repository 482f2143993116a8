//! What git knows of a checkout, asked of the git command.

use std::collections::HashSet;
use std::io;
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
        let answer = checkout.ask(&["rev-parse", "--is-inside-work-tree"], 0)?;
        ensure(answer == b"true\n", Code::CheckoutUnusable, || {
            format!(
                "{} is not in a work tree of git; name the folder of a checkout",
                folder.display()
            )
        })?;
        Ok(checkout)
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
        let ran = Command::new("git")
            .arg("-C")
            .arg(&self.folder)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
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
}
