//! The options and verbs of remote tiers. A program that is built without tiers has them too: what
//! names a tier says then that there are none.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Subcommand};

use super::StoreOptions;
use super::values::{duration, size};

/// The part of the help that has remote tiers.
pub(super) const REMOTE: &str = match cfg!(feature = "remote") {
    true => "Remote tiers",
    false => "Remote tiers (this program was built without them)",
};

/// The highest level of zstd for what is sent.
pub(in crate::cli) const MAX_LEVEL: i32 = 19;

/// Storage that several machines share.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct RemoteOptions {
    /// Share entries through e.g. s3://bucket/prefix; the nearest first
    // Read later: clap would show the value of a wrong one, and it may have a credential in it.
    #[arg(long, help_heading = REMOTE, value_name = "URL", env = "CACHEWARDEN_REMOTE", hide_env = true)]
    pub(in crate::cli) remote: Vec<String>,
    /// A file of lines such as CACHEWARDEN_S3_ACCESS_KEY_ID=ID
    #[arg(long, help_heading = REMOTE, value_name = "FILE", env = "CACHEWARDEN_REMOTE_CREDENTIALS", hide_env = true)]
    pub(in crate::cli) remote_credentials: Option<PathBuf>,
    /// Level of zstd for what is sent, 0 to 19 [default: 3]
    #[arg(long, help_heading = REMOTE, value_name = "LEVEL", env = "CACHEWARDEN_REMOTE_LEVEL", hide_env = true, value_parser = clap::value_parser!(i32).range(0..=i64::from(MAX_LEVEL)))]
    pub(in crate::cli) remote_level: Option<i32>,
}

/// Options of the uploader.
#[derive(Debug, Args)]
pub(in crate::cli) struct UploadOptions {
    #[command(flatten)]
    pub(in crate::cli) store: StoreOptions,
    #[command(flatten)]
    pub(in crate::cli) tiers: RemoteOptions,
}

/// Options of `flush`.
#[derive(Debug, Args)]
pub(in crate::cli) struct FlushOptions {
    /// End after this time, whatever is left
    #[arg(long, value_name = "DURATION", env = "CACHEWARDEN_FLUSH_TIMEOUT", hide_env = true, value_parser = duration)]
    pub(in crate::cli) timeout: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) store: StoreOptions,
    #[command(flatten)]
    pub(in crate::cli) tiers: RemoteOptions,
}

/// The verbs of `remote`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RemoteVerb {
    /// Show the scopes of each tier, with their entries and bytes
    Ls(RemoteOptions),
    /// Read and hash all that each tier has, and name what is damaged
    Verify(RemoteOptions),
    /// Remove from each tier what is old or too much, and objects that no entry names
    ///
    /// It goes by the time of writing: a tier does not know when something was read. Where the service
    /// has rules for that (lifecycle rules, expiry), they are better: docs/remote.md.
    Prune(RemotePruneOptions),
}

/// Options of `remote prune`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemotePruneOptions {
    /// Entries that were written longer ago
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) older_than: Option<Duration>,
    /// Then those that were written first, until the rest takes no more than this
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(in crate::cli) max_size: Option<ByteSize>,
    /// Only say what would go
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) tiers: RemoteOptions,
}
