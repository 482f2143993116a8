//! The subjects of the measurements, and their caches.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::bench_env::BenchEnv;
use super::peers::Peer;

/// A cache for go: go's own, or a helper.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// cmd/go with its own cache: no helper.
    GoAlone,
    /// The helper that only answers gets.
    Baseline,
    /// An older commit of cachewarden without a policy.
    OlderPlain,
    /// cachewarden without a policy.
    Plain,
    /// An older commit of cachewarden, asking its own `slim`.
    OlderSlim,
    /// cachewarden, asking `slim` about every get and put.
    Slim,
    /// `cachewarden-connect`, to a daemon that asks `slim` about every get and put.
    Served,
    /// A helper of another project.
    Peer(&'static Peer),
}

/// The columns of cachewarden, for which targets are checked.
pub(super) const OURS: [&str; 2] = [PLAIN, Subject::Slim.name()];

/// The columns that targets refer to.
pub(super) const GO_ALONE: &str = Subject::GoAlone.name();
pub(super) const BASELINE: &str = Subject::Baseline.name();
pub(super) const PLAIN: &str = Subject::Plain.name();
pub(super) const SERVED: &str = Subject::Served.name();

impl Subject {
    /// The name of the column.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Subject::GoAlone => "cmd/go alone",
            Subject::Baseline => "baseline",
            Subject::OlderPlain => "older",
            Subject::Plain => "cachewarden",
            Subject::OlderSlim => "older with `slim`",
            Subject::Slim => "with `slim`",
            Subject::Served => "through `connect`",
            Subject::Peer(peer) => peer.name,
        }
    }

    /// Whether it is a cachewarden, which stores the totals of its sessions.
    pub(super) fn is_ours(self) -> bool {
        matches!(
            self,
            Subject::OlderPlain
                | Subject::Plain
                | Subject::OlderSlim
                | Subject::Slim
                | Subject::Served
        )
    }
}

/// The cache of a subject: a store, and the GOCACHE of go.
#[derive(Clone)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// An empty cache.
    pub(super) fn new(bench: &BenchEnv) -> Result<Cache> {
        Ok(Cache {
            folder: bench.fresh_folder()?,
        })
    }

    /// A cache in a folder that is there already.
    pub(super) fn at(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// The GOCACHE of go, which has everything if there is no helper.
    pub(super) fn gocache(&self) -> PathBuf {
        self.folder.join("gocache")
    }

    /// The store of a helper.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// The socket of a daemon whose store this is.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The file with the baseline's answers.
    pub(super) fn answers(&self) -> PathBuf {
        self.folder.join("answers")
    }

    /// The folder of the cache.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The caches of the subjects after a cold build, for warm builds.
#[derive(Default)]
pub(super) struct Caches {
    kept: HashMap<Subject, Cache>,
}

impl Caches {
    /// Sets the cache of a subject.
    pub(super) fn keep(&mut self, subject: Subject, state: Cache) {
        self.kept.insert(subject, state);
    }

    /// The cache of a subject; the baseline uses that of the plain cachewarden.
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
