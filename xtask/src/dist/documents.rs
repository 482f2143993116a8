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
const SHELLS: [(&str, &str); 3] = [("bash", BASH), ("zsh", ZSH), ("fish", FISH)];

/// The verb that says whether a program can do this. An older one that is packaged cannot.
const VERB: &str = "completions";

/// Lets the program write all of them.
pub(super) fn write(runner: &Runner, program: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    let help = process::read(command(runner, program).arg("--help"))?;
    let has_verb = |line: &str| line.split_whitespace().next() == Some(VERB);
    if !help.lines().any(has_verb) {
        println!("the program writes no manual pages and no completions: they are left out");
        return Ok(tree);
    }
    for (shell, file) in SHELLS {
        let text = process::read(command(runner, program).args([VERB, shell]))?;
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
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, file)
    }

    #[test]
    fn a_program_with_the_verb_must_write_everything() {
        let (_folder, old) = program("echo '  stats  Show'");
        assert_eq!(write(&Runner::Directly, &old).unwrap().iter().count(), 0);
        let help = "test \"$1\" = --help && echo '  completions  Print' && exit 0";
        let (_folder, broken) = program(&format!("{help}; exit 1"));
        assert!(write(&Runner::Directly, &broken).is_err());
        let (_folder, new) = program(&format!(
            "{help}; test \"$1\" = man && echo page > \"$2/cachewarden.1\"; echo for \"$2\""
        ));
        let tree = write(&Runner::Directly, &new).unwrap();
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
