//! The options, in groups as the verbs take them.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;

use cachewarden_policy_host::{Limits, PolicySource};
use cachewarden_store::SharedStore;
use cachewarden_types::{Code, Pattern, ScopeName};

use crate::cli::failure::{Failure, OrFail};
use crate::cli::paths::{check_spelling, default_store};
use crate::cli::policy_argument::PolicyArgument;
use crate::cli::settings::SettingsSource;

use super::remote::{REMOTE, RemoteOptions};
use super::values::{duration, label, label_name, positive_duration, remote_budget, size};

/// The scope of sessions whose policy names none, unless the operator says another.
pub(in crate::cli) const DEFAULT_SCOPE: &str = "default";

/// Where the store is.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct StoreOptions {
    /// The store's folder; `cachewarden dir` prints it
    #[arg(long, value_name = "DIR", env = "CACHEWARDEN_DIR", hide_env = true)]
    pub(in crate::cli) dir: Option<PathBuf>,
    /// Use the store though others may write it, or it is somebody else's
    #[arg(long, env = "CACHEWARDEN_ALLOW_SHARED_STORE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(in crate::cli) allow_shared_store: bool,
}

/// The part of the help that has the policy's limits.
const LIMITS: &str = "Limits of the policy";

/// What the policy may use.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct LimitOptions {
    /// Memory of the policy [default: 128 MiB]
    #[arg(
        long,
        help_heading = LIMITS,
        value_name = "SIZE",
        env = "CACHEWARDEN_POLICY_MEMORY",
        hide_env = true,
        value_parser = size
    )]
    pub(in crate::cli) policy_memory: Option<ByteSize>,
    /// CPU time of one question to it [default: 100ms]
    #[arg(long, help_heading = LIMITS, value_name = "DURATION", env = "CACHEWARDEN_POLICY_DEADLINE", hide_env = true, value_parser = positive_duration)]
    pub(in crate::cli) policy_deadline: Option<Duration>,
    /// CPU time of all questions of a session [default: 10s]
    #[arg(long, help_heading = LIMITS, value_name = "DURATION", env = "CACHEWARDEN_POLICY_BUDGET", hide_env = true, value_parser = positive_duration)]
    pub(in crate::cli) policy_budget: Option<Duration>,
    /// Time that compiling it may take [default: 2min]
    #[arg(long, help_heading = LIMITS, value_name = "DURATION", env = "CACHEWARDEN_POLICY_COMPILE_TIME", hide_env = true, value_parser = positive_duration)]
    pub(in crate::cli) policy_compile_time: Option<Duration>,
    /// Memory that compiling it may take [default: 1 GiB]
    #[arg(
        long,
        help_heading = LIMITS,
        value_name = "SIZE",
        env = "CACHEWARDEN_POLICY_COMPILE_MEMORY",
        hide_env = true,
        value_parser = size
    )]
    pub(in crate::cli) policy_compile_memory: Option<ByteSize>,
}

/// Options of the helper.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct HelperOptions {
    /// Ask this policy, or several: FILE, FILE@sha256:HEX, a packaged NAME
    #[arg(long, value_name = "FILE", env = "CACHEWARDEN_POLICY", hide_env = true)]
    pub(in crate::cli) policy: Vec<PolicyArgument>,
    /// Its settings; each of several: FILE?settings=JSON
    #[arg(
        long,
        value_name = "JSON|@FILE",
        env = "CACHEWARDEN_SETTINGS",
        hide_env = true
    )]
    pub(in crate::cli) settings: Option<SettingsSource>,
    #[command(flatten)]
    pub(in crate::cli) store: StoreOptions,
    /// Read this store too, after the own one, and never change it
    #[arg(long, value_name = "DIR", env = "CACHEWARDEN_BASE", hide_env = true)]
    pub(in crate::cli) base: Vec<PathBuf>,
    /// Scope of sessions whose policy names none
    #[arg(
        long,
        value_name = "NAME",
        env = "CACHEWARDEN_SCOPE",
        hide_env = true,
        default_value = DEFAULT_SCOPE
    )]
    pub(in crate::cli) scope: ScopeName,
    /// Tell the policy something about this session
    #[arg(long, value_name = "NAME=VALUE", env = "CACHEWARDEN_LABEL", hide_env = true, value_parser = label)]
    pub(in crate::cli) label: Vec<(String, String)>,
    /// Tell the policy an environment variable, unless it is empty
    #[arg(long, value_name = "NAME", env = "CACHEWARDEN_LABEL_ENV", hide_env = true, value_parser = label_name)]
    pub(in crate::cli) label_env: Vec<String>,
    /// Scopes that may be read, * for any run of characters [default: *]
    #[arg(
        long,
        value_name = "PATTERN",
        env = "CACHEWARDEN_ALLOW_READ",
        hide_env = true
    )]
    pub(in crate::cli) allow_read: Vec<Pattern>,
    /// Scopes that may be written [default: *]
    #[arg(
        long,
        value_name = "PATTERN",
        env = "CACHEWARDEN_ALLOW_WRITE",
        hide_env = true
    )]
    pub(in crate::cli) allow_write: Vec<Pattern>,
    /// Trim the store to this size, once a day
    #[arg(
        long,
        value_name = "SIZE",
        env = "CACHEWARDEN_MAX_SIZE",
        hide_env = true,
        value_parser = size
    )]
    pub(in crate::cli) max_size: Option<ByteSize>,
    /// Append every question and verdict to a file, as JSON lines
    #[arg(long, value_name = "FILE", env = "CACHEWARDEN_RECORD", hide_env = true)]
    pub(in crate::cli) record: Option<PathBuf>,
    /// Write this label's value to no recording
    #[arg(long, value_name = "NAME", env = "CACHEWARDEN_REDACT_LABEL", hide_env = true, value_parser = label_name)]
    pub(in crate::cli) redact_label: Vec<String>,
    /// Say at the end what happened
    #[arg(short, long, env = "CACHEWARDEN_VERBOSE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(in crate::cli) verbose: bool,
    #[command(flatten)]
    pub(in crate::cli) tiers: RemoteOptions,
    /// Time that a session may wait in vain [default: 2s]
    #[arg(long, help_heading = REMOTE, value_name = "DURATION", env = "CACHEWARDEN_REMOTE_BUDGET", hide_env = true, value_parser = remote_budget)]
    pub(in crate::cli) remote_budget: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitOptions,
}

/// Options of the trimmer.
#[derive(Debug, Args)]
pub(in crate::cli) struct TrimOptions {
    #[command(flatten)]
    pub(in crate::cli) store: StoreOptions,
    /// Trim the store to this size
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(in crate::cli) max_size: Option<ByteSize>,
}

/// Options of `prune`.
#[derive(Debug, Args)]
pub(in crate::cli) struct PruneOptions {
    /// Entries unused for longer; what was used in the last three hours stays [default: 5days]
    #[arg(long, value_name = "DURATION", env = "CACHEWARDEN_PRUNE_OLDER_THAN", hide_env = true, value_parser = duration)]
    pub(in crate::cli) older_than: Option<Duration>,
    /// Then objects by least recent use, with their entries, until the rest takes no more than this
    #[arg(
        long,
        value_name = "SIZE",
        env = "CACHEWARDEN_PRUNE_MAX_SIZE",
        hide_env = true,
        value_parser = size
    )]
    pub(in crate::cli) max_size: Option<ByteSize>,
    /// Entries of this scope only, and the objects that no other entry names
    #[arg(
        long,
        value_name = "NAME",
        env = "CACHEWARDEN_PRUNE_SCOPE",
        hide_env = true,
        conflicts_with = "max_size"
    )]
    pub(in crate::cli) scope: Option<ScopeName>,
    /// All entries, and all objects that were not used in the last three hours
    #[arg(long, env = "CACHEWARDEN_PRUNE_ALL", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue, conflicts_with_all = ["older_than", "max_size"])]
    pub(in crate::cli) all: bool,
    /// Also what was used in the last three hours; a build that is running may fail. A terminal is
    /// asked first
    #[arg(long, env = "CACHEWARDEN_PRUNE_NOW", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(in crate::cli) now: bool,
    /// Ask nothing
    #[arg(long, env = "CACHEWARDEN_PRUNE_YES", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(in crate::cli) yes: bool,
    /// Only say what would go
    #[arg(long, env = "CACHEWARDEN_PRUNE_DRY_RUN", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) store: StoreOptions,
}

impl HelperOptions {
    /// The policies in the order in which they are asked, each with its settings.
    pub(in crate::cli) fn policies(
        &self,
    ) -> impl Iterator<Item = (&PolicySource, Option<&SettingsSource>)> {
        self.policy.iter().map(|policy| {
            let settings = policy.settings.as_ref().or(self.settings.as_ref());
            (&policy.source, settings)
        })
    }
}

impl StoreOptions {
    /// The store's folder, absolute.
    pub(in crate::cli) fn folder(&self) -> Result<PathBuf, Failure> {
        match &self.dir {
            Some(folder) => {
                check_spelling("--dir", folder)?;
                std::path::absolute(folder).or_fail(Code::System, || {
                    format!("--dir {} has no absolute path", folder.display())
                })
            }
            None => default_store(self.sharing()),
        }
    }

    /// Whether the store may be one that others can change.
    pub(in crate::cli) fn sharing(&self) -> SharedStore {
        match self.allow_shared_store {
            true => SharedStore::Allow,
            false => SharedStore::Deny,
        }
    }
}

impl LimitOptions {
    /// What the policy may use.
    pub(in crate::cli) fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            memory: self
                .policy_memory
                .map_or(default.memory, |size| size.as_u64()),
            deadline: self.policy_deadline.unwrap_or(default.deadline),
            budget: self.policy_budget.unwrap_or(default.budget),
            compile_time: self.policy_compile_time.unwrap_or(default.compile_time),
            compile_memory: self
                .policy_compile_memory
                .map_or(default.compile_memory, |size| size.as_u64()),
        }
    }
}
