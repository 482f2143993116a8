//! `cargo xtask words`: generates code and documentation from guest-sdk/wit/words.toml, in the
//! host, the SDKs and the documentation.
//!
//! Each generated block is between two lines that contain `BEGIN name (cargo xtask words)` and `END
//! name`, in the comment syntax of the file. The text outside the blocks is written by hand. `cargo
//! xtask test` finds a block that is out of date.

mod assembly_script;
mod c;
mod d;
mod docs;
mod go;
mod host;
mod javascript;
mod python;
mod rust;
mod table;
mod wat;
mod wit;
mod zig;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::workspace::Workspace;

use table::Words;

/// A generated block of a file.
struct Block {
    /// The file, from the root of the repository.
    file: &'static str,
    /// The block's name in that file.
    name: &'static str,
    /// The text of the block, as whole lines.
    text: String,
}

impl Block {
    fn new(file: &'static str, name: &'static str, text: String) -> Block {
        Block { file, name, text }
    }
}

/// All blocks.
fn blocks(words: &Words) -> Vec<Block> {
    [
        wit::blocks(words),
        host::blocks(words),
        rust::blocks(words),
        go::blocks(words),
        c::blocks(words),
        d::blocks(words),
        javascript::blocks(words),
        assembly_script::blocks(words),
        python::blocks(words),
        zig::blocks(words),
        wat::blocks(words),
        docs::blocks(words),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Brings every block up to date.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    for block in blocks(&Words::read(workspace)?) {
        let file = workspace.root().join(block.file);
        let (before, after) = read(&file, &block)?;
        if before != after {
            fs::write(&file, after).with_context(|| format!("cannot write {}", file.display()))?;
            println!("{}: {}", block.file, block.name);
        }
    }
    Ok(())
}

/// Returns an error that names each block that is out of date.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut stale = Vec::new();
    for block in blocks(&Words::read(workspace)?) {
        let (before, after) = read(&workspace.root().join(block.file), &block)?;
        if before != after {
            stale.push(format!("{} ({})", block.file, block.name));
        }
    }
    ensure!(
        stale.is_empty(),
        "these do not say what guest-sdk/wit/words.toml says; run `cargo xtask words`: {}",
        stale.join(", ")
    );
    Ok(())
}

/// The text of a file, and the text that it should have.
fn read(file: &Path, block: &Block) -> Result<(String, String)> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let problem = || format!("cannot update {}", file.display());
    let updated = replace(&text, block.name, &block.text).with_context(problem)?;
    if file.extension().is_some_and(|extension| extension == "rs") {
        return Ok((text, formatted(&updated).with_context(problem)?));
    }
    Ok((text, updated))
}

/// Rust source as `cargo fmt` leaves it.
fn formatted(source: &str) -> Result<String> {
    let mut command = Command::new("rustfmt");
    command
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| process::cannot_start(&command))?;
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // rustfmt reads all of it before it writes.
    stdin.write_all(source.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    process::succeeded(&command, output.status)?;
    String::from_utf8(output.stdout).context("rustfmt printed something that is not UTF-8")
}

/// `text` with other lines between the two that mark the block.
fn replace(text: &str, name: &str, lines: &str) -> Result<String> {
    let begin = format!("BEGIN {name} (cargo xtask words)");
    let end = format!("END {name}");
    let (mut result, mut inside, mut found) = (String::with_capacity(text.len()), false, false);
    for line in text.split_inclusive('\n') {
        if inside && line.contains(&end) {
            inside = false;
        }
        if !inside {
            result.push_str(line);
        }
        if line.contains(&begin) {
            ensure!(!found, "it has the line `{begin}` twice");
            (inside, found) = (true, true);
            result.push_str(lines);
        }
    }
    if !found || inside {
        bail!("it needs a line with `{begin}` and a later one with `{end}`");
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_replaced_and_the_rest_stays() {
        let text = "a\n// BEGIN x (cargo xtask words)\nold\n// END x\nb";
        let expected = "a\n// BEGIN x (cargo xtask words)\nnew\n// END x\nb";
        assert_eq!(replace(text, "x", "new\n").unwrap(), expected);
        assert_eq!(replace(expected, "x", "new\n").unwrap(), expected);
    }

    #[test]
    fn a_block_without_its_two_lines_is_an_error() {
        for text in [
            "",
            "// END x\n",
            "// BEGIN x (cargo xtask words)\n",
            "// BEGIN x (cargo xtask words)\n// END x\n// BEGIN x (cargo xtask words)\n// END x\n",
        ] {
            assert!(replace(text, "x", "").is_err(), "{text:?}");
        }
    }
}
