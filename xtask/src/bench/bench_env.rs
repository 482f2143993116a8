//! The programs that are measured, built as they are released, and the folder that all measuring happens in.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::go::{self, Go};
use crate::helper::Helper;
use crate::workspace::Workspace;
use crate::{guests, process};

use super::contestant::{Contestant, State};
use super::older::Older;
use super::usage;

/// Everything that measuring needs.
pub(super) struct Workbench {
    go: Go,
    cachewarden: PathBuf,
    floor: PathBuf,
    slim: PathBuf,
    older: Option<Older>,
    /// Other people's helpers.
    pub(super) peers: PathBuf,
    /// All runs of the bench, should an earlier one have left something.
    all: PathBuf,
    folder: PathBuf,
    folders: Cell<usize>,
}

impl Workbench {
    /// Builds the programs, and those of an older commit where one is asked for.
    pub(super) fn prepare(
        workspace: &Workspace,
        go: Go,
        against: Option<&str>,
    ) -> Result<Workbench> {
        let older = against
            .map(|commit| Older::build(workspace, commit))
            .transpose()?;
        let cachewarden = workspace.build_release()?;
        guests::run_rust(workspace)?;
        usage::adopt_orphans()?;
        let all = workspace.bench();
        let folder = all.join(std::process::id().to_string());
        go::prepare_home(&folder.join("home"))?;
        Ok(Workbench {
            go,
            cachewarden,
            floor: workspace.program("release", "floor"),
            slim: workspace.guests().join("slim.wasm"),
            older,
            peers: workspace.tools("peers"),
            all,
            folder,
            folders: Cell::new(0),
        })
    }

    /// A folder in which nothing was ever removed.
    pub(super) fn fresh_folder(&self) -> Result<PathBuf> {
        self.folders.set(self.folders.get() + 1);
        let folder = self.folder.join(self.folders.get().to_string());
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// The helper of a contestant; none for cmd/go alone.
    fn helper(&self, contestant: Contestant, state: &State) -> Option<Helper> {
        match contestant {
            Contestant::GoAlone => None,
            Contestant::Floor => Some(Helper::new(&self.floor).with(state.answers())),
            Contestant::Peer(peer) => Some(peer.helper(&self.peers, &state.store())),
            ours => {
                let helper = Helper::new(self.cachewarden(ours))
                    .with("--dir")
                    .with(state.store());
                Some(match self.slim(ours) {
                    Some(slim) => helper.with("--policy").with(slim),
                    None => helper,
                })
            }
        }
    }

    /// The cachewarden that a contestant is; today's for all others.
    pub(super) fn cachewarden(&self, contestant: Contestant) -> &Path {
        match (contestant, &self.older) {
            (Contestant::OlderPlain | Contestant::OlderSlim, Some(older)) => &older.cachewarden,
            _ => &self.cachewarden,
        }
    }

    /// The policy that a contestant asks.
    pub(super) fn slim(&self, contestant: Contestant) -> Option<&Path> {
        match (contestant, &self.older) {
            (Contestant::Slim, _) => Some(&self.slim),
            (Contestant::OlderSlim, Some(older)) => Some(&older.slim),
            _ => None,
        }
    }

    /// Adds the older commit to contestants, each time on the left of what it is compared with.
    pub(super) fn with_older(&self, contestants: &[Contestant]) -> Vec<Contestant> {
        let mut all = Vec::new();
        for contestant in contestants {
            all.extend(match contestant {
                Contestant::Plain if self.older.is_some() => Some(Contestant::OlderPlain),
                Contestant::Slim if self.older.is_some() => Some(Contestant::OlderSlim),
                _ => None,
            });
            all.push(*contestant);
        }
        all
    }

    /// The older commit.
    pub(super) fn older(&self) -> Option<&str> {
        self.older.as_ref().map(|older| older.commit.as_str())
    }

    /// A go command whose cache is this contestant.
    pub(super) fn go(&self, contestant: Contestant, state: &State) -> Result<Command> {
        let mut command = self.go.command(&self.home());
        command
            .current_dir(&self.folder)
            .env("GOCACHE", state.gocache());
        if let Some(helper) = self.helper(contestant, state) {
            command.env("GOCACHEPROG", helper.to_gocacheprog()?);
        }
        Ok(command)
    }

    /// The helper of a contestant, with more options, in the environment that go would give it.
    pub(super) fn command(
        &self,
        contestant: Contestant,
        state: &State,
        options: &[&OsStr],
    ) -> Result<Command> {
        let mut helper = self
            .helper(contestant, state)
            .context("cmd/go alone has no helper")?;
        for option in options {
            helper = helper.with(option);
        }
        let mut command = helper.command();
        go::isolate(&mut command, &self.home());
        command
            .current_dir(&self.folder)
            .env("GOCACHE", state.gocache());
        Ok(command)
    }

    /// Waits until what was written is on the disk, so that it does not disturb what is measured next.
    pub(super) fn settle(&self) -> Result<()> {
        process::run(&mut Command::new("sync"))
    }

    /// A file of this run.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Removes all that this and earlier runs have left.
    pub(super) fn remove(&self) -> Result<()> {
        let remove = |folder: &Path| fs::remove_dir_all(folder);
        remove(&self.all).with_context(|| format!("cannot remove {}", self.all.display()))
    }
}
