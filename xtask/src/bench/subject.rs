//! Whom everything is measured with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::peers::Peer;
use super::workbench::Workbench;

/// One who answers go.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Contestant {
    /// cmd/go with its own cache: no helper.
    GoAlone,
    /// The helper that only answers.
    Floor,
    /// An older commit of cachewarden without a policy.
    OlderPlain,
    /// cachewarden without a policy.
    Plain,
    /// An older commit of cachewarden, asking its own `slim`.
    OlderSlim,
    /// cachewarden, asking `slim` about every get and put.
    Slim,
    /// Somebody else's helper.
    Peer(&'static Peer),
}

/// cachewarden's names in tables: what targets are set for.
pub(super) const OURS: [&str; 2] = [PLAIN, Contestant::Slim.name()];

/// What is compared with.
pub(super) const GO_ALONE: &str = Contestant::GoAlone.name();
pub(super) const FLOOR: &str = Contestant::Floor.name();
pub(super) const PLAIN: &str = Contestant::Plain.name();

impl Contestant {
    /// As tables name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Contestant::GoAlone => "cmd/go alone",
            Contestant::Floor => "floor",
            Contestant::OlderPlain => "older",
            Contestant::Plain => "cachewarden",
            Contestant::OlderSlim => "older with `slim`",
            Contestant::Slim => "with `slim`",
            Contestant::Peer(peer) => peer.name,
        }
    }

    /// Whether it keeps totals of its sessions.
    pub(super) fn is_ours(self) -> bool {
        matches!(
            self,
            Contestant::OlderPlain | Contestant::Plain | Contestant::OlderSlim | Contestant::Slim
        )
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

    /// The store of a cachewarden, or of a peer.
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
#[derive(Default)]
pub(super) struct States {
    kept: HashMap<Contestant, State>,
}

impl States {
    /// This contestant's from now on.
    pub(super) fn keep(&mut self, contestant: Contestant, state: State) {
        self.kept.insert(contestant, state);
    }

    /// The floor answers what the plain cachewarden would.
    pub(super) fn of(&self, contestant: Contestant) -> Result<&State> {
        let whose = match contestant {
            Contestant::Floor => Contestant::Plain,
            other => other,
        };
        self.kept
            .get(&whose)
            .with_context(|| format!("{} has kept nothing yet", whose.name()))
    }
}
