//! What the program says of its command line: manual pages, and completions for shells.
//!
//! The program writes them itself, so it must be one that runs here.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};

use crate::process;

use super::tree::{DATA, Tree, read};

/// The folders of the archive.
const MANUAL: &str = "man/";
const COMPLETIONS: &str = "completions/";

/// Shells, the file of each in the archive, and where a system has it.
const SHELLS: [(&str, &str, &str); 3] = [
    (
        "bash",
        "cachewarden.bash",
        "usr/share/bash-completion/completions/cachewarden",
    ),
    (
        "fish",
        "cachewarden.fish",
        "usr/share/fish/vendor_completions.d/cachewarden.fish",
    ),
    (
        "zsh",
        "_cachewarden",
        "usr/share/zsh/vendor-completions/_cachewarden",
    ),
];

/// Adds what a program prints to the files of a release.
pub(super) fn add(files: &mut Tree, program: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for manual pages")?;
    process::read(Command::new(program).arg("man").arg(folder.path()))?;
    for page in fs::read_dir(folder.path())? {
        let page = page?;
        let name = page.file_name().to_string_lossy().into_owned();
        files.add(format!("{MANUAL}{name}"), DATA, read(&page.path())?);
    }
    for (shell, file, _) in SHELLS {
        let text = process::read(Command::new(program).args(["completions", shell]))?;
        files.add_text(format!("{COMPLETIONS}{file}"), text + "\n");
    }
    Ok(())
}

/// The same files where a system has them. Its manual pages are compressed.
pub(super) fn installed(files: &Tree, tree: &mut Tree) -> Result<()> {
    for (page, file) in files.below(MANUAL) {
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        gzip.write_all(&file.bytes)?;
        tree.add(
            format!("usr/share/man/man1/{page}.gz"),
            DATA,
            gzip.finish()?,
        );
    }
    for (_, file, path) in SHELLS {
        let bytes = files.get(&format!("{COMPLETIONS}{file}"))?.bytes.clone();
        tree.add(path, DATA, bytes);
    }
    Ok(())
}
