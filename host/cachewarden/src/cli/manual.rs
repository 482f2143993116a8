//! `cachewarden man FOLDER`: the manual pages, one a verb, for who makes a package.
//!
//! The verb is hidden: a person reads pages that are installed, and `--help` says the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use cachewarden_types::Code;

use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};
use super::output;
use super::tree::tree;

/// The verb.
pub(super) const VERB: &str = "man";

/// What is at the foot and at the head of each page.
const SOURCE: &str = concat!("cachewarden ", env!("CARGO_PKG_VERSION"));
const MANUAL: &str = "User Commands";

/// Where to write.
#[derive(Debug, Args)]
pub(super) struct ManualOptions {
    /// The folder, which is made where it is missing, such as DESTDIR/usr/share/man/man1
    folder: PathBuf,
}

/// Writes all pages.
pub(super) fn run(options: &ManualOptions) -> Result<ExitStatus, Failure> {
    let folder = &options.folder;
    let count = fs::create_dir_all(folder)
        .and_then(|()| write_pages(built_tree(), folder))
        .or_fail(Code::System, || {
            format!(
                "cannot write manual pages into {}; name a folder that this user can write",
                folder.display()
            )
        })?;
    output::print(&format!(
        "Wrote {} into {}.\n",
        output::count(count, "page"),
        folder.display()
    ))?;
    Ok(ExitStatus::Success)
}

/// The tree in which each verb knows its whole name.
fn built_tree() -> Command {
    let mut tree = tree();
    tree.build();
    tree
}

/// Writes the page of a verb and those of the verbs within it; how many they are.
fn write_pages(verb: Command, folder: &Path) -> io::Result<usize> {
    let mut count = 1;
    for inner in verb.get_subcommands() {
        count += write_pages(inner.clone(), folder)?;
    }
    let man = Man::new(verb).source(SOURCE).manual(MANUAL);
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = with_line_breaks(&String::from_utf8_lossy(&page));
    fs::write(folder.join(man.get_filename()), page)?;
    Ok(count)
}

/// The lines of what is below the options stay lines: roff would fill one paragraph with them.
fn with_line_breaks(page: &str) -> String {
    let mut is_extra = false;
    let mut text = String::new();
    for line in page.lines() {
        match line.strip_prefix(".SH ") {
            Some(section) => is_extra = section == "EXTRA",
            None if is_extra => text += ".br\n",
            None => {}
        }
        text += line;
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every verb has a page, on which every option and every verb within it is.
    fn check(verb: &Command, folder: &Path) -> usize {
        let name = verb.get_display_name().unwrap_or_else(|| verb.get_name());
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).expect("its page");
        // Dashes and quotes are written so that they can be copied from the page.
        let page = page.replace("\\-", "-").replace("\\*(Aq", "'");
        let about = verb.get_about().expect("what it does").to_string();
        assert!(page.contains(&about), "{name}: {about}");
        for argument in verb.get_arguments() {
            let option = argument.get_long().map(|long| format!("--{long}"));
            let shown = option.unwrap_or_else(|| argument.get_id().to_string());
            assert!(page.contains(&shown), "{name}: {shown}");
        }
        let inner = verb.get_subcommands().map(|inner| {
            assert!(page.contains(&format!("{name}-{}(1)", inner.get_name())));
            check(inner, folder)
        });
        1 + inner.sum::<usize>()
    }

    #[test]
    fn lines_below_the_options_stay_lines() {
        let page = ".SH OPTIONS\na\nb\n.SH EXTRA\nbash: x\nzsh: y\n.SH VERSION\nv\n";
        let broken = ".SH OPTIONS\na\nb\n.SH EXTRA\n.br\nbash: x\n.br\nzsh: y\n.SH VERSION\nv\n";
        assert_eq!(with_line_breaks(page), broken);
    }

    #[test]
    fn every_verb_and_every_option_is_on_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let written = write_pages(built_tree(), folder.path()).unwrap();
        assert_eq!(written, check(&built_tree(), folder.path()));
        assert_eq!(written, fs::read_dir(folder.path()).unwrap().count());
    }
}
