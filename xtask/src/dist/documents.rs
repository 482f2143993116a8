//! What the program writes about itself: manual pages, and completions for shells.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cross::emulator::Runner;
use crate::process;

use super::tree::{Tree, read};

/// The folders of the archive.
pub(super) const PAGES: &str = "man/man1/";
pub(super) const COMPLETIONS: &str = "completions/";

/// The shells, and the names of the files that they look for.
pub(super) const BASH: &str = "cachewarden.bash";
pub(super) const ZSH: &str = "_cachewarden";
pub(super) const FISH: &str = "cachewarden.fish";
pub(super) const SHELLS: [(&str, &str); 3] = [("bash", BASH), ("zsh", ZSH), ("fish", FISH)];

/// Lets the program write all of them.
pub(super) fn write(runner: &Runner, program: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    for (shell, file) in SHELLS {
        let text = process::read(command(runner, program).args(["completions", shell]))?;
        tree.add_text(format!("{COMPLETIONS}{file}"), text + "\n");
    }
    let folder = tempfile::tempdir()?;
    process::read(command(runner, program).arg("man").arg(folder.path()))?;
    for page in fs::read_dir(folder.path()).context("the program has written no pages")? {
        let page = page?;
        let name = page.file_name().to_string_lossy().into_owned();
        tree.add(
            format!("{PAGES}{name}"),
            super::tree::DATA,
            read(&page.path())?,
        );
    }
    Ok(tree)
}

/// The program without the variables of whoever runs this, which could be in the texts.
fn command(runner: &Runner, program: &Path) -> Command {
    let mut command = runner.command(program);
    command.env_clear();
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        let mut shell = Command::new("sh");
        // Another process writes it: no program starts that is open for writing, which it may be in a
        // child of another test, too.
        let write = "printf '#!/bin/sh\n%s\n' \"$2\" >\"$1\"; chmod 755 \"$1\"";
        let words = shell.args(["-ec", write, "sh"]).arg(&file).arg(text);
        process::run(words).unwrap();
        (folder, file)
    }

    #[test]
    fn a_program_must_write_everything() {
        let (_folder, broken) = program("test \"$1\" = completions && echo some");
        assert!(write(&Runner::Directly, &broken).is_err());
        let pages = "test \"$1\" = man && echo page > \"$2/cachewarden.1\"";
        let (_folder, whole) = program(&format!("{pages}; echo for \"$2\""));
        let tree = write(&Runner::Directly, &whole).unwrap();
        let names: Vec<_> = tree.iter().map(|(name, _)| name).collect();
        let expected = [
            "completions/_cachewarden",
            "completions/cachewarden.bash",
            "completions/cachewarden.fish",
            "man/man1/cachewarden.1",
        ];
        assert_eq!(names, expected);
        let zsh = tree.get("completions/_cachewarden").unwrap();
        assert_eq!(&zsh.bytes[..], b"for zsh\n");
    }
}
