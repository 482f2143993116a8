//! The environment of the benchmarks: the programs that are measured, built as for a release, and
//! the folder in which everything happens.

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

use super::older::Older;
use super::subject::{Cache, Subject};
use super::usage;

/// The programs and folders for measuring.
pub(super) struct BenchEnv {
    go: Go,
    cachewarden: PathBuf,
    baseline: PathBuf,
    policies: PathBuf,
    older: Option<Older>,
    /// The folder of the other helpers.
    pub(super) peers: PathBuf,
    /// The folder of all runs, in which an earlier run may have left something.
    all: PathBuf,
    folder: PathBuf,
    folders: Cell<usize>,
}

impl BenchEnv {
    /// Builds the programs, and those of an older commit where one is asked for. `program` is
    /// measured instead of what would be built.
    pub(super) fn prepare(
        workspace: &Workspace,
        go: Go,
        program: Option<&Path>,
        against: Option<&str>,
    ) -> Result<BenchEnv> {
        let older = against
            .map(|commit| Older::build(workspace, commit))
            .transpose()?;
        let cachewarden = match program {
            Some(program) => {
                workspace.build_baseline()?;
                // go starts it in other folders.
                std::path::absolute(program)?
            }
            None => workspace.build_release()?,
        };
        guests::run_rust(workspace)?;
        let baseline = workspace.program("release", "baseline");
        Self::of(workspace, go, cachewarden, baseline, older)
    }

    /// With the debug build, as it is.
    pub(super) fn of_debug_build(workspace: &Workspace, go: Go) -> Result<BenchEnv> {
        let program = |name| workspace.program("debug", name);
        Self::of(
            workspace,
            go,
            program("cachewarden"),
            program("baseline"),
            None,
        )
    }

    fn of(
        workspace: &Workspace,
        go: Go,
        cachewarden: PathBuf,
        baseline: PathBuf,
        older: Option<Older>,
    ) -> Result<BenchEnv> {
        usage::adopt_orphans()?;
        let all = workspace.bench();
        let folder = all.join(std::process::id().to_string());
        go::prepare_home(&folder.join("home"))?;
        Ok(BenchEnv {
            go,
            cachewarden,
            baseline,
            policies: workspace.guests(),
            older,
            peers: workspace.tools("peers"),
            all,
            folder,
            folders: Cell::new(0),
        })
    }

    /// A new folder, in which nothing was ever removed.
    pub(super) fn fresh_folder(&self) -> Result<PathBuf> {
        self.folders.set(self.folders.get() + 1);
        let folder = self.folder.join(self.folders.get().to_string());
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// The helper of a subject; `None` for cmd/go alone.
    fn helper(&self, subject: Subject, state: &Cache) -> Option<Helper> {
        match subject {
            Subject::GoAlone => None,
            Subject::Baseline => Some(Helper::new(&self.baseline).with(state.answers())),
            Subject::Served => Some(connect(&self.connect_program(), &state.socket())),
            Subject::Peer(peer) => Some(peer.helper(&self.peers, &state.store())),
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

    /// Where the client of a daemon is, once a table of the daemon has built it.
    pub(super) fn connect_program(&self) -> PathBuf {
        self.path("cachewarden-connect")
    }

    /// The cachewarden of a subject; the current one for all others.
    pub(super) fn cachewarden(&self, subject: Subject) -> &Path {
        match (subject, &self.older) {
            (Subject::OlderPlain | Subject::OlderSlim, Some(older)) => &older.cachewarden,
            _ => &self.cachewarden,
        }
    }

    /// The policy of a subject, if it has one.
    pub(super) fn slim(&self, subject: Subject) -> Option<PathBuf> {
        match (subject, &self.older) {
            (Subject::Slim, _) => Some(self.policy("slim")),
            (Subject::OlderSlim, Some(older)) => Some(older.slim.clone()),
            _ => None,
        }
    }

    /// A policy of examples/, as it is now.
    pub(super) fn policy(&self, name: &str) -> PathBuf {
        self.policies.join(format!("{name}.wasm"))
    }

    /// Whether an older commit is measured beside.
    pub(super) fn has_older(&self) -> bool {
        self.older.is_some()
    }

    /// Adds the older commit to the subjects, each time on the left of the column that it is
    /// compared with.
    pub(super) fn with_older(&self, subjects: &[Subject]) -> Vec<Subject> {
        let mut all = Vec::new();
        for subject in subjects {
            all.extend(match subject {
                Subject::Plain if self.older.is_some() => Some(Subject::OlderPlain),
                Subject::Slim if self.older.is_some() => Some(Subject::OlderSlim),
                _ => None,
            });
            all.push(*subject);
        }
        all
    }

    /// A go command that uses this subject as its cache.
    pub(super) fn go(&self, subject: Subject, state: &Cache) -> Result<Command> {
        let mut command = self.go.command(&self.home());
        command
            .current_dir(&self.folder)
            .env("GOCACHE", state.gocache());
        if let Some(helper) = self.helper(subject, state) {
            command.env("GOCACHEPROG", helper.to_gocacheprog()?);
        }
        Ok(command)
    }

    /// The helper of a subject, with more options, in the environment that go would give it.
    pub(super) fn command(
        &self,
        subject: Subject,
        state: &Cache,
        options: &[&OsStr],
    ) -> Result<Command> {
        let mut helper = self
            .helper(subject, state)
            .context("cmd/go alone has no helper")?;
        for option in options {
            helper = helper.with(option);
        }
        let mut command = helper.command();
        self.isolate(&mut command);
        command
            .current_dir(&self.folder)
            .env("GOCACHE", state.gocache());
        Ok(command)
    }

    /// Gives a program the home of this run.
    pub(super) fn isolate(&self, command: &mut Command) {
        go::isolate(command, &self.home());
    }

    /// Waits until everything written is on the disk, so that writing it does not disturb the next
    /// measurement.
    pub(super) fn sync(&self) -> Result<()> {
        process::run(&mut Command::new("sync"))
    }

    /// A file of this run.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Removes the files of this run and of earlier ones.
    pub(super) fn remove(&self) -> Result<()> {
        let remove = |folder: &Path| fs::remove_dir_all(folder);
        remove(&self.all).with_context(|| format!("cannot remove {}", self.all.display()))
    }
}

/// The client of a daemon. It fails where there is none: a private cache would be measured.
pub(super) fn connect(program: &Path, socket: &Path) -> Helper {
    Helper::new(program)
        .with("--when-down")
        .with("fail")
        .with("--socket")
        .with(socket)
}
