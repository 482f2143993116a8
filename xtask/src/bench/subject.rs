//! Whom everything is measured with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::bench_env::BenchEnv;
use super::peers::Peer;

/// One who answers go.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// cmd/go with its own cache: no helper.
    GoAlone,
    /// The helper that only answers.
    Baseline,
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
pub(super) const OURS: [&str; 2] = [PLAIN, Subject::Slim.name()];

/// What is compared with.
pub(super) const GO_ALONE: &str = Subject::GoAlone.name();
pub(super) const BASELINE: &str = Subject::Baseline.name();
pub(super) const PLAIN: &str = Subject::Plain.name();

impl Subject {
    /// As tables name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Subject::GoAlone => "cmd/go alone",
            Subject::Baseline => "baseline",
            Subject::OlderPlain => "older",
            Subject::Plain => "cachewarden",
            Subject::OlderSlim => "older with `slim`",
            Subject::Slim => "with `slim`",
            Subject::Peer(peer) => peer.name,
        }
    }

    /// Whether it keeps totals of its sessions.
    pub(super) fn is_ours(self) -> bool {
        matches!(
            self,
            Subject::OlderPlain | Subject::Plain | Subject::OlderSlim | Subject::Slim
        )
    }
}

/// What a contestant has kept: a store, and the GOCACHE that go has beside it.
#[derive(Clone)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A folder that is still empty.
    pub(super) fn new(bench: &BenchEnv) -> Result<Cache> {
        Ok(Cache {
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
pub(super) struct Caches {
    kept: HashMap<Subject, Cache>,
}

impl Caches {
    /// This contestant's from now on.
    pub(super) fn keep(&mut self, subject: Subject, state: Cache) {
        self.kept.insert(subject, state);
    }

    /// The floor answers what the plain cachewarden would.
    pub(super) fn of(&self, subject: Subject) -> Result<&Cache> {
        let owner = match subject {
            Subject::Baseline => Subject::Plain,
            other => other,
        };
        self.kept
            .get(&owner)
            .with_context(|| format!("{} has kept nothing yet", owner.name()))
    }
}
