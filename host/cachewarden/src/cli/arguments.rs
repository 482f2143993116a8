//! What can be said on the command line, and in CACHEWARDEN_* variables.

mod environment;
mod helper_mode;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand};

use cachewarden_policy_host::{
    COMPILER_VERB, CONTRACT_VERSION, Limits, PolicySource, TRIAL_VERB, WASMTIME_VERSION,
};
use cachewarden_store::{LAYOUT_VERSION, Sharing};
use cachewarden_types::{Pattern, ScopeName};

use super::paths::{expanded_by_nobody, user_cache_folder};
use super::policy::PolicyVerb;
use super::settings::SettingsSource;
use super::verify::VerifyOptions;

pub(super) use environment::{parse, read};
use values::{duration, label, label_name, positive_duration, size};

const ABOUT: &str =
    "A build cache for Go that asks a sandboxed WebAssembly policy about every get and put.";

const AFTER_HELP: &str = "\
Use it by setting one variable (quote a path that has spaces in it):
  export GOCACHEPROG=\"cachewarden --no-env --policy '/path/to/policy.wasm'\"
Without --no-env every option can be set as CACHEWARDEN_..., e.g. CACHEWARDEN_DIR; such a list is separated by
commas (labels by newlines). `cachewarden doctor` looks at what is set and says what to type.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "cachewarden",
    version = concat!(env!("CARGO_PKG_VERSION")),
    long_version = long_version(),
    about = ABOUT,
    after_help = AFTER_HELP,
    max_term_width = 110,
    disable_help_subcommand = true,
    disable_help_flag = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) helper: HelperOptions,
    /// Print this help
    // The short form under both names: it has every option, and fits a screen.
    #[arg(short, long, action = clap::ArgAction::HelpShort, global = true)]
    help: Option<bool>,
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

fn long_version() -> &'static str {
    static TEXT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| {
        format!(
            "{}\ncontract {CONTRACT_VERSION}\nstore layout {LAYOUT_VERSION}\nwasmtime {WASMTIME_VERSION}",
            env!("CARGO_PKG_VERSION")
        )
    })
}

/// What a person may ask for, besides serving a go command.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show what the store holds, and what sessions did so far
    Stats(StatsOptions),
    /// Remove what is no longer used
    Prune(PruneOptions),
    /// Check every object and entry of the store
    Verify(VerifyOptions),
    /// Check the set-up with a real go command, and say what to type
    Doctor,
    /// Test and compile policies, print their contract
    Policy {
        /// What to do
        #[command(subcommand)]
        verb: PolicyVerb,
    },
    /// Trim in the background; started by sessions, at most once a day
    #[command(hide = true)]
    Trim,
    /// Compile the policy on standard input; started by who wants it compiled
    #[command(hide = true, name = COMPILER_VERB)]
    CompileForParent,
    /// Load the compiled policy on standard input; started by who has compiled it
    #[command(hide = true, name = TRIAL_VERB)]
    LoadForParent,
}

/// Options of the helper; some of them concern the verbs too.
#[derive(Clone, Debug, Args)]
pub(super) struct HelperOptions {
    /// Read no CACHEWARDEN_* variable: what is said here alone counts
    #[arg(long, global = true)]
    pub(super) no_env: bool,
    /// The policy; FILE@sha256:HEX takes no other bytes. None: a plain cache
    #[arg(long, value_name = "FILE", env = "CACHEWARDEN_POLICY", hide_env = true)]
    pub(super) policy: Option<PolicySource>,
    /// The policy's settings, a JSON text or @FILE; @FILE@sha256:HEX takes no other bytes
    #[arg(
        long,
        value_name = "JSON|@FILE",
        env = "CACHEWARDEN_SETTINGS",
        hide_env = true
    )]
    pub(super) settings: Option<SettingsSource>,
    /// The store's folder [default: cachewarden in the user's cache folder]
    #[arg(
        long,
        value_name = "DIR",
        env = "CACHEWARDEN_DIR",
        hide_env = true,
        global = true
    )]
    pub(super) dir: Option<PathBuf>,
    /// Use the store though others may write it, or it is somebody else's
    #[arg(long, env = "CACHEWARDEN_ALLOW_SHARED_STORE", hide_env = true, global = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(super) allow_shared_store: bool,
    /// Scope of sessions whose policy names none
    #[arg(
        long,
        value_name = "NAME",
        env = "CACHEWARDEN_SCOPE",
        hide_env = true,
        default_value = "default"
    )]
    pub(super) scope: ScopeName,
    /// Tell the policy something about this session
    #[arg(long, value_name = "NAME=VALUE", env = "CACHEWARDEN_LABEL", hide_env = true, value_parser = label)]
    pub(super) label: Vec<(String, String)>,
    /// Tell the policy an environment variable, unless it is empty
    #[arg(long, value_name = "NAME", env = "CACHEWARDEN_LABEL_ENV", hide_env = true, value_parser = label_name)]
    pub(super) label_env: Vec<String>,
    /// Scopes that may be read, * for any run of characters [default: *]
    #[arg(
        long,
        value_name = "PATTERN",
        env = "CACHEWARDEN_ALLOW_READ",
        hide_env = true
    )]
    pub(super) allow_read: Vec<Pattern>,
    /// Scopes that may be written [default: *]
    #[arg(
        long,
        value_name = "PATTERN",
        env = "CACHEWARDEN_ALLOW_WRITE",
        hide_env = true
    )]
    pub(super) allow_write: Vec<Pattern>,
    /// Trim the store to this size, once a day
    #[arg(
        long,
        value_name = "SIZE",
        env = "CACHEWARDEN_MAX_SIZE",
        hide_env = true,
        value_parser = size
    )]
    pub(super) max_size: Option<ByteSize>,
    /// Memory of the policy [default: 128 MiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "CACHEWARDEN_POLICY_MEMORY",
        hide_env = true,
        value_parser = size
    )]
    pub(super) policy_memory: Option<ByteSize>,
    /// CPU time of one question to it [default: 100ms]
    #[arg(long, value_name = "DURATION", env = "CACHEWARDEN_POLICY_DEADLINE", hide_env = true, value_parser = positive_duration)]
    pub(super) policy_deadline: Option<Duration>,
    /// CPU time of all questions of a session [default: 10s]
    #[arg(long, value_name = "DURATION", env = "CACHEWARDEN_POLICY_BUDGET", hide_env = true, value_parser = positive_duration)]
    pub(super) policy_budget: Option<Duration>,
    /// Time that compiling it may take [default: 2min]
    #[arg(long, value_name = "DURATION", env = "CACHEWARDEN_POLICY_COMPILE_TIME", hide_env = true, value_parser = positive_duration)]
    pub(super) policy_compile_time: Option<Duration>,
    /// Memory that compiling it may take [default: 1 GiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "CACHEWARDEN_POLICY_COMPILE_MEMORY",
        hide_env = true,
        value_parser = size
    )]
    pub(super) policy_compile_memory: Option<ByteSize>,
    /// Append every question and verdict to a file, as JSON lines
    #[arg(long, value_name = "FILE", env = "CACHEWARDEN_RECORD", hide_env = true)]
    pub(super) record: Option<PathBuf>,
    /// Write this label's value to no recording
    #[arg(long, value_name = "NAME", env = "CACHEWARDEN_REDACT_LABEL", hide_env = true, value_parser = label_name)]
    pub(super) redact_label: Vec<String>,
    /// Say at the end what happened
    #[arg(short, long, env = "CACHEWARDEN_VERBOSE", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(super) verbose: bool,
}

/// Options of `stats`.
#[derive(Debug, Args)]
pub(super) struct StatsOptions {
    /// As one JSON object
    #[arg(long, env = "CACHEWARDEN_STATS_JSON", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(super) json: bool,
}

/// Options of `prune`.
#[derive(Debug, Args)]
pub(super) struct PruneOptions {
    /// Entries unused for longer; what was used in the last three hours stays [default: 5days]
    #[arg(long, value_name = "DURATION", env = "CACHEWARDEN_PRUNE_OLDER_THAN", hide_env = true, value_parser = duration)]
    pub(super) older_than: Option<Duration>,
    /// Then objects by least recent use, with their entries, until the rest takes no more than this
    #[arg(
        long,
        value_name = "SIZE",
        env = "CACHEWARDEN_PRUNE_MAX_SIZE",
        hide_env = true,
        value_parser = size
    )]
    pub(super) max_size: Option<ByteSize>,
    /// Entries of this scope only, and the objects that no other entry names
    #[arg(
        long,
        value_name = "NAME",
        env = "CACHEWARDEN_PRUNE_SCOPE",
        hide_env = true,
        conflicts_with = "max_size"
    )]
    pub(super) scope: Option<ScopeName>,
    /// All entries, and all objects that were not used in the last three hours
    #[arg(long, env = "CACHEWARDEN_PRUNE_ALL", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue, conflicts_with_all = ["older_than", "max_size"])]
    pub(super) all: bool,
    /// Also what was used in the last three hours; a build that is running may fail. A terminal is asked first
    #[arg(long, env = "CACHEWARDEN_PRUNE_NOW", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(super) now: bool,
    /// Ask nothing
    #[arg(long, env = "CACHEWARDEN_PRUNE_YES", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(super) yes: bool,
    /// Only say what would go
    #[arg(long, env = "CACHEWARDEN_PRUNE_DRY_RUN", hide_env = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub(super) dry_run: bool,
}

impl HelperOptions {
    /// The store's folder, absolute.
    pub(super) fn store_folder(&self) -> anyhow::Result<PathBuf> {
        match &self.dir {
            Some(folder) => {
                expanded_by_nobody("--dir", folder)?;
                Ok(std::path::absolute(folder)?)
            }
            None => Ok(user_cache_folder()?.join("cachewarden")),
        }
    }

    /// Whether the store may be one that others can change.
    pub(super) fn sharing(&self) -> Sharing {
        match self.allow_shared_store {
            true => Sharing::Allowed,
            false => Sharing::Refused,
        }
    }

    /// What the policy may use.
    pub(super) fn limits(&self) -> Limits {
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_its_help_fits_a_screen() {
        let mut command = Arguments::command();
        command.clone().debug_assert();
        let help = command.render_help().to_string();
        assert!(help.lines().count() <= 45, "{} lines", help.lines().count());
    }
}
