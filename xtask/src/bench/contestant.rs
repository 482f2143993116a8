//! Whom everything is measured with.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::workbench::Workbench;

/// One who answers go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Contestant {
    /// cmd/go with its own cache: no helper.
    GoAlone,
    /// The helper that only answers.
    Floor,
    /// cachewarden without a policy.
    Plain,
    /// cachewarden, asking `slim` about every get and put.
    Slim,
}

impl Contestant {
    /// As tables name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Contestant::GoAlone => "cmd/go alone",
            Contestant::Floor => "floor",
            Contestant::Plain => "cachewarden",
            Contestant::Slim => "with `slim`",
        }
    }
}

/// What a contestant has kept: a store, and the GOCACHE that go has beside it.
#[derive(Clone)]
pub(super) struct State {
    folder: PathBuf,
}

impl State {
    /// A folder that is still empty.
    pub(super) fn new(bench: &Workbench) -> Result<State> {
        Ok(State {
            folder: bench.fresh_folder()?,
        })
    }

    /// Where go keeps what it keeps itself: everything, without a helper.
    pub(super) fn gocache(&self) -> PathBuf {
        self.folder.join("gocache")
    }

    /// The store of a cachewarden.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// All answers of this store, for the floor.
    pub(super) fn answers(&self) -> PathBuf {
        self.folder.join("answers")
    }

    /// Where it all is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What the contestants have kept after a cold build: all that a warm one needs.
pub(super) struct States {
    pub(super) alone: State,
    pub(super) plain: State,
    pub(super) slim: State,
}

impl States {
    /// The floor answers what the plain cachewarden would.
    pub(super) fn of(&self, contestant: Contestant) -> &State {
        match contestant {
            Contestant::GoAlone => &self.alone,
            Contestant::Floor | Contestant::Plain => &self.plain,
            Contestant::Slim => &self.slim,
        }
    }
}
