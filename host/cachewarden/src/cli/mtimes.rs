//! `cachewarden mtimes [DIR]`: gives the files of a git checkout times that follow from their
//! content, so that cmd/go finds the results of tests that open files.
//!
//! cmd/go does not read a file that a test opens: its size, mode and modification time are a part of
//! the result's key (`hashWriteStat` of cmd/go/internal/test). A fresh checkout has new times, so
//! such a result is never found there.
//!
//! - A file's time follows from the bytes that are there, and not from the object ID that git has of
//!   them: a filter may write other bytes for the same object (an encoding, Git LFS).
//! - Only files of git's index get a time, and of these none that differs from the index.
//! - Nothing is followed that is a link, and nothing outside of DIR gets a time.

mod git;
mod time;
mod walk;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use cachewarden_types::Code;

use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;
use git::Checkout;
use walk::Tree;

/// Whether the verb is left out of the help.
pub(super) const IS_ABSENT: bool = false;

/// What it does, and when it is run.
pub(super) const AFTER_HELP: &str = "\
For files that a test opens, go compares the times, which are new in each checkout. Each file that git tracks and that is not modified gets a time between 2000 and 2020 that follows from its content, and each folder one that follows from its entries. Run it after the checkout and before go test; the path of the checkout must be the same each time.";

/// Which checkout.
#[derive(Debug, Args)]
pub(super) struct MtimesOptions {
    /// A git work tree, or a folder in one; nothing outside of it is touched
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// What became of the files that git tracks below the folder.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Counts {
    /// Files and links whose time is now that of their content.
    files: u64,
    /// Folders whose time is now that of their entries.
    folders: u64,
    /// How many of both had another time before.
    changed: u64,
    /// Files that differ from the index, or are not there, which keep their times.
    modified: u64,
    /// Files that were changed meanwhile, have further names, are of another kind than git knows, or
    /// have a path that is not taken in, which keep their times.
    skipped: u64,
    /// Submodules, which are checkouts of their own.
    submodules: u64,
}

/// Sets the times, and says how many.
pub(super) fn run(options: &MtimesOptions) -> Result<ExitStatus, Failure> {
    let checkout = Checkout::find(&options.folder)?;
    let mut counts = Counts::default();
    let mut tree = Tree::default();
    let modified = checkout.modified()?;
    checkout.tracked(|path, is_submodule| match () {
        () if is_submodule => counts.submodules += 1,
        () if modified.contains(path) => {
            counts.modified += 1;
            tree.add(path, false);
        }
        () if tree.add(path, true) => {}
        () => counts.skipped += 1,
    })?;
    walk::set_times(&options.folder, &tree, &mut counts)?;
    checkout.refresh()?;
    let text = match options.json {
        true => serde_json::to_string(&counts).or_fail(Code::Bug, || "no JSON".to_owned())?,
        false => sentence(&counts),
    };
    output::print(&format!("{text}\n"))?;
    Ok(ExitStatus::Success)
}

fn sentence(counts: &Counts) -> String {
    let Counts {
        files,
        folders,
        changed,
        modified,
        skipped,
        submodules,
    } = counts;
    let mut text = format!(
        "{} and {} have the time of their content, {changed} of them had another one",
        output::count(*files, "file"),
        output::count(*folders, "folder")
    );
    for (count, what) in [
        (modified, "modified or missing"),
        (skipped, "skipped"),
        (submodules, "submodules left alone"),
    ] {
        if *count > 0 {
            text += &format!("; {count} {what}");
        }
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_what_there_is() {
        let mut counts = Counts {
            files: 1,
            folders: 2,
            changed: 3,
            ..Counts::default()
        };
        let all = "1 file and 2 folders have the time of their content, 3 of them had another one";
        assert_eq!(sentence(&counts), format!("{all}."));
        counts.modified = 4;
        assert_eq!(sentence(&counts), format!("{all}; 4 modified or missing."));
    }
}
