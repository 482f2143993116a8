//! A folder of the user's own on drive C, with a store and Go modules, and what runs in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::client::Client;
use crate::go;
use crate::helper::Helper;
use crate::totals::Totals;
use crate::windows::Bench;
use crate::workspace::Workspace;

/// A module that needs next to nothing of the standard library: its cold build takes a moment.
pub(super) const RUNES: [(&str, &str); 3] = [
    ("go.mod", "module example.org/runes\n\ngo 1.24\n"),
    (
        "lib/lib.go",
        "package lib\n\nimport \"unicode/utf8\"\n\n\
         func Count(text string) int { return utf8.RuneCountInString(text) }\n",
    ),
    (
        "top.go",
        "package runes\n\nimport _ \"example.org/runes/lib\"\n",
    ),
];

/// The same with a program.
pub(super) const PROGRAM: (&str, &str) = (
    "cmd/count/main.go",
    "package main\n\nimport \"example.org/runes/lib\"\n\n\
     func main() { print(lib.Count(\"four\"), \" runes\") }\n",
);

/// The second build finds all.
pub(super) const BUILDS_UNTIL_WARM: usize = 2;

pub(super) struct World<'a> {
    pub(super) bench: &'a Bench,
    /// cachewarden, as programs for Windows name it.
    program: String,
    /// Where the policies are.
    policies: PathBuf,
    folder: TempDir,
}

/// What a program came to.
#[derive(Debug)]
pub(super) struct Ended {
    status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ended {
    /// Fails unless the program ended with exit status 0.
    pub(super) fn well(self) -> Result<Ended> {
        match self.status.success() {
            true => Ok(self),
            false => bail!("{self:?}"),
        }
    }

    /// Fails if the program ended with exit status 0.
    pub(super) fn badly(self) -> Result<Ended> {
        match self.status.success() {
            true => bail!("it ended well: {self:?}"),
            false => Ok(self),
        }
    }

    /// Fails unless one of the streams has this text.
    pub(super) fn says(self, text: &str) -> Result<Ended> {
        match self.stdout.contains(text) || self.stderr.contains(text) {
            true => Ok(self),
            false => bail!("`{text}` is not in {self:?}"),
        }
    }
}

impl<'a> World<'a> {
    pub(super) fn new(
        workspace: &Workspace,
        bench: &'a Bench,
        program: &Path,
    ) -> Result<World<'a>> {
        let temporary = bench.wine.profile()?.join("Temp");
        let folder = TempDir::with_prefix_in("cachewarden-", &temporary)
            .with_context(|| format!("cannot make a folder in {}", temporary.display()))?;
        Ok(World {
            bench,
            program: bench.wine.path(program),
            policies: workspace.guests(),
            folder,
        })
    }

    /// A path in the folder, as this machine names it.
    pub(super) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as programs for Windows name it.
    pub(super) fn named(&self, name: impl AsRef<Path>) -> String {
        self.bench.wine.path(&self.path(name))
    }

    /// Writes a file as a source of a module.
    pub(super) fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Result<()> {
        go::write_source(&self.path(name), text)
    }

    /// Writes the sources of a module.
    pub(super) fn module(&self, folder: &str, sources: &[(&str, &str)]) -> Result<()> {
        let folder = Path::new(folder);
        sources
            .iter()
            .try_for_each(|(name, text)| self.write(folder.join(name), text))
    }

    /// The files below a folder, in order.
    pub(super) fn files(&self, name: &str) -> Result<Vec<PathBuf>> {
        let mut folders = vec![self.path(name)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            // It may not be there yet.
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry?.path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path),
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// A policy of examples/, compiled.
    pub(super) fn policy(&self, name: &str) -> PathBuf {
        self.policies.join(name).with_extension("wasm")
    }

    /// cachewarden without options, for GOCACHEPROG.
    pub(super) fn bare_helper(&self) -> Helper {
        Helper::new(&self.program)
    }

    /// cachewarden with a store in the folder, for GOCACHEPROG.
    pub(super) fn helper(&self, store: &str) -> Helper {
        self.bare_helper().with("--dir").with(self.named(store))
    }

    /// Starts cachewarden as a helper.
    pub(super) fn client(&self, store: &str) -> Result<Client> {
        self.client_with(store, &[])
    }

    /// The same with more options.
    pub(super) fn client_with(&self, store: &str, options: &[&str]) -> Result<Client> {
        let mut command = self.command(&self.program);
        command.arg("--dir").arg(self.named(store)).args(options);
        Client::start(command)
    }

    /// Runs a program that go has built here.
    pub(super) fn run_built(&self, name: &str) -> Result<Ended> {
        ended(&mut self.command(&self.named(name)))?.well()
    }

    /// A go command in a module's folder, still without a verb.
    pub(super) fn go_command(&self, module: &str, helper: &Helper) -> Result<Command> {
        let mut go = self.bench.go.command();
        go::remove_own_settings(&mut go);
        go.current_dir(self.path(module))
            .env("GOCACHE", self.named("gocache"))
            .env("GOPATH", self.named("gopath"))
            .env("GOCACHEPROG", helper.to_gocacheprog()?);
        Ok(go)
    }

    /// Runs a go command in a module's folder.
    pub(super) fn go(&self, module: &str, helper: &Helper, words: &[&str]) -> Result<Ended> {
        ended(self.go_command(module, helper)?.args(words))
    }

    /// Builds a module until the cache has all, and fails if it has not.
    pub(super) fn warm(&self, module: &str, helper: &Helper, store: &str) -> Result<()> {
        for _ in 0..BUILDS_UNTIL_WARM {
            self.go(module, helper, &["build", "./..."])?.well()?;
        }
        self.is_warm(store)
    }

    /// Fails unless the last session of a store had hits alone.
    pub(super) fn is_warm(&self, store: &str) -> Result<()> {
        self.totals(store)?.check_all_were_hits()
    }

    /// Runs a verb of cachewarden.
    pub(super) fn cachewarden(&self, words: &[&str]) -> Result<Ended> {
        ended(self.command(&self.program).args(words))
    }

    /// The totals of the last session of a store.
    pub(super) fn totals(&self, store: &str) -> Result<Totals> {
        Totals::of_last_session(&self.path(store))
    }

    /// A program for Windows, in the folder.
    fn command(&self, program: &str) -> Command {
        let mut command = self.bench.wine.command(program);
        go::remove_own_settings(&mut command);
        command.current_dir(self.folder.path());
        command
    }
}

/// Runs a command to its end.
pub(super) fn ended(command: &mut Command) -> Result<Ended> {
    let output = command
        .output()
        .with_context(|| crate::process::cannot_start(command))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ended {
        status: output.status,
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}
