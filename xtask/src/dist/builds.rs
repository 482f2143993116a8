//! Builds a Go module twice with an installed program, by the commands of the page that says how to
//! use it: the second build has hits, and puts nothing. The same with a policy of the package.
//!
//! The go command cannot start a program for another processor. Of such a release only the protocol
//! is tried (`exchange.rs`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::go::{self, Go};
use crate::process;
use crate::totals::Totals;

use super::check::Made;
use super::files::POLICY_FOLDER;
use super::tree::read;
use super::{PACKAGE, sha256};

/// The policy that each page names.
const POLICY: &str = "trusted-branches";

/// A module of two packages, and no program. Go's runtime, which each program has, would be compiled
/// twice for each way, and that would take longer than everything else here.
const MODULE: [(&str, &str); 3] = [
    ("go.mod", "module example.org/widget\n\ngo 1.24\n"),
    (
        "widget.go",
        "// Package widget measures.\npackage widget\n\nimport \"example.org/widget/size\"\n\n\
         // Size is that of a name.\nfunc Size(name string) int { return size.Of(name) }\n",
    ),
    (
        "size/size.go",
        "// Package size counts.\npackage size\n\nimport \"unicode/utf8\"\n\n\
         // Of counts characters.\nfunc Of(text string) int { return utf8.RuneCountInString(text) }\n",
    ),
];

/// These commands of the pages ask a registry. Here the packages are installed already, from files.
const INSTALLED: &str = "npm() { :; }\npip() { :; }\n";

/// A program that was installed in one of the ways.
pub(super) struct Way<'a> {
    made: &'a Made<'a>,
    /// The folder of the module.
    module: PathBuf,
    /// The user's home, which has the store.
    home: PathBuf,
    /// What the installation leaves in the shell: a PATH.
    before: String,
}

impl<'a> Way<'a> {
    /// Writes the module, and a home beside it. `name` is used by this way alone.
    pub(super) fn new(made: &'a Made<'a>, name: &str, before: String) -> Result<Way<'a>> {
        let module = made.scratch.join(format!("{name}-module"));
        Way::in_folder(made, name, module, before)
    }

    /// The same in a folder that may have other files.
    pub(super) fn in_folder(
        made: &'a Made<'a>,
        name: &str,
        module: PathBuf,
        before: String,
    ) -> Result<Way<'a>> {
        for (name, text) in MODULE {
            go::write_source(&module.join(name), text)?;
        }
        let home = made.scratch.join(format!("{name}-home"));
        go::prepare_home(&home)?;
        Ok(Way {
            made,
            module,
            home,
            before,
        })
    }

    /// Follows the page that belongs to this way, in Markdown. It has a block with two builds, and
    /// one with a policy, which is followed twice.
    pub(super) fn follow(&self, page: &str) -> Result<()> {
        let blocks = blocks(page).filter(|block| block.contains("go build"));
        let blocks: Vec<_> = blocks.collect();
        let [first, with_policy] = &blocks[..] else {
            bail!("{} blocks of the page build something", blocks.len());
        };
        self.run(first)?;
        self.second_build_has_hits(None)?;
        self.run(&format!("{with_policy}{with_policy}"))?;
        let policy = format!("{POLICY_FOLDER}{POLICY}.wasm");
        let policy = sha256(&self.made.release.files.get(&policy)?.bytes);
        self.second_build_has_hits(Some(&policy))
    }

    /// Builds twice with this value of GOCACHEPROG, which names [`Self::store`].
    pub(super) fn build(&self, value: &str) -> Result<()> {
        self.run(&format!(
            "export GOCACHEPROG=\"{value}\"\ngo build ./...\ngo build ./...\n"
        ))?;
        self.second_build_has_hits(None)
    }

    /// The folder that a store has by default.
    pub(super) fn store(&self) -> PathBuf {
        self.home.join(".cache").join(PACKAGE)
    }

    /// Runs commands in the module, with nothing of the user's own.
    fn run(&self, commands: &str) -> Result<()> {
        let go = Go::of_this_machine()?;
        let mut shell = Command::new("bash");
        let settings = go.command(&self.home);
        for (name, value) in settings.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let script = format!("{INSTALLED}{}\ncd \"$1\"\n{commands}", self.before);
        shell
            .env("PATH", path(&go)?)
            .args(["--noprofile", "--norc", "-eu", "-c", &script, "bash"])
            .arg(&self.module);
        process::run(&mut shell)
    }

    /// Looks at the last session, which must be one of the policy with this SHA-256.
    fn second_build_has_hits(&self, policy: Option<&str>) -> Result<()> {
        let totals = Totals::of_last_session(&self.store())?;
        totals.check_all_were_hits()?;
        let sessions = String::from_utf8(read(&self.store().join("sessions.jsonl"))?)?;
        let last = sessions.lines().last().context("there is no session")?;
        let last: Value = serde_json::from_str(last)?;
        ensure!(
            last["policy"].as_str() == policy,
            "another policy than {policy:?} was asked: {}",
            last["policy"]
        );
        Ok(())
    }
}

/// This machine's folders of programs, go's first, without those that have a cachewarden already:
/// only what a way installs may be found.
fn path(go: &Go) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).filter(|folder| !folder.join(PACKAGE).exists());
    let all = [go.goroot().join("bin")].into_iter().chain(others);
    std::env::join_paths(all).context("PATH has a folder that it cannot name")
}

/// The commands for a shell on a page, block by block.
pub(super) fn blocks(page: &str) -> impl Iterator<Item = String> {
    let mut fenced = page.split("```sh\n").skip(1);
    std::iter::from_fn(move || {
        let (block, _) = fenced.next()?.split_once("```")?;
        Some(block.to_owned())
    })
}

/// The page for whoever has a package of a system, or an archive.
pub(super) fn installing(made: &Made<'_>) -> Result<String> {
    let page = made.workspace.root().join("docs/installing.md");
    fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))
}

/// The line that puts the programs of a folder before all others.
pub(super) fn first_in_path(folder: &Path) -> String {
    format!("export PATH=\"{}:$PATH\"", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_for_a_shell_are_commands() {
        let page = "```sh\na\nb\n```\ntext\n```toml\nc\n```\n```sh\nd\n```\n";
        let found: Vec<_> = blocks(page).collect();
        assert_eq!(found, ["a\nb\n", "d\n"]);
    }
}
