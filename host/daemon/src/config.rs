//! The configuration file of `serve`: TOML, read once at the start and again at a reload.
//!
//! What always holds: a key that nothing takes is an error with its line and the nearest name, and
//! a file that cannot be read whole changes nothing. Relative paths begin at the file's folder.

mod audit;
mod error;
mod remote;
mod socket;
mod tenant;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use cachewarden_session::DEFAULT_REMOTE_BUDGET;
use cachewarden_store::ViewFiles;
use cachewarden_system::safe_open;
use cachewarden_tokens::IssuerConfig;
use cachewarden_types::Pattern;
use cachewarden_types::duration::longer_than_zero;

pub use audit::AuditConfig;
pub use error::ConfigError;
use error::with_advice;
pub use remote::RemoteConfig;
pub use socket::{SocketConfig, StreamsConfig};
pub use tenant::{PolicyEntry, QuotaConfig, SettingsConfig, TenantConfig};
pub use values::{OneOrMany, Size};

/// The most bytes of a configuration file: thousands of tenants.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A documented configuration, which `serve --print-config` prints.
pub const DOCUMENTED: &str = include_str!("config/documented.toml");

/// What the file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The folder of everything that the daemon keeps: `store` and `views`.
    pub directory: PathBuf,
    /// Where jobs connect. A socket that systemd passes takes the place of the first.
    #[serde(rename = "socket")]
    pub sockets: Vec<SocketConfig>,
    /// Bounds on all tenants together.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Where objects go that the store's disk has no room for; best on another file system.
    pub overflow: Option<PathBuf>,
    /// How jobs get at objects.
    #[serde(default)]
    pub view_files: ViewFilesConfig,
    /// The path by which jobs see the folder `views`, where it is mounted elsewhere for them.
    pub views_seen_as: Option<PathBuf>,
    /// The same of the folder `views` in `overflow`.
    pub overflow_views_seen_as: Option<PathBuf>,
    /// What is removed, and when.
    #[serde(default)]
    pub trim: TrimConfig,
    /// Where sessions are written down; they are not without it.
    pub audit: Option<AuditConfig>,
    /// Storage that other machines share, from near to far.
    #[serde(default)]
    pub remote: Vec<RemoteConfig>,
    /// Who signs tokens.
    #[serde(default, rename = "issuer")]
    pub issuers: Vec<IssuerConfig>,
    /// The tenants; a session is of the first that it matches.
    #[serde(default, rename = "tenant")]
    pub tenants: Vec<TenantConfig>,
}

/// How jobs get at objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewFilesConfig {
    /// Each tenant's jobs read copies of their own, from which they learn nothing about others.
    #[default]
    Copies,
    /// Hard links, which take no space: a job can learn that others have an object that it has.
    Links,
}

impl From<ViewFilesConfig> for ViewFiles {
    fn from(files: ViewFilesConfig) -> Self {
        match files {
            ViewFilesConfig::Copies => Self::Copies,
            ViewFilesConfig::Links => Self::Links,
        }
    }
}

/// Bounds on all tenants together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitsConfig {
    /// Sessions at once. Each is a thread.
    pub sessions: usize,
    /// How long sessions may go on after SIGTERM.
    #[serde(deserialize_with = "longer_than_zero")]
    pub drain: Duration,
    /// How long a session may wait for remote tiers in vain.
    #[serde(deserialize_with = "longer_than_zero")]
    pub remote_budget: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            // The most instances of policies that a process may have (limits.rs of the policy
            // crate): a session has one for each of its policies.
            sessions: 1_000,
            drain: Duration::from_secs(30),
            remote_budget: DEFAULT_REMOTE_BUDGET,
        }
    }
}

/// What is removed, and when.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TrimConfig {
    /// Between two trims.
    #[serde(deserialize_with = "longer_than_zero")]
    pub every: Duration,
    /// Entries that were unused for longer are removed.
    #[serde(deserialize_with = "longer_than_zero")]
    pub older_than: Duration,
    /// A tenant's view that was unused for longer is removed, with the copies in it. Its next
    /// session gets a new one.
    #[serde(deserialize_with = "longer_than_zero")]
    pub views_older_than: Duration,
    /// Then objects by least recent use, until the store has no more bytes than this.
    pub max_size: Option<Size>,
    /// Scopes whose objects are removed last.
    pub protect: Vec<Pattern>,
}

impl Default for TrimConfig {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60 * 60),
            older_than: cachewarden_store::DEFAULT_AGE,
            // Each pull request has a view, which takes as much as its builds read.
            views_older_than: Duration::from_secs(12 * 60 * 60),
            max_size: None,
            protect: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or has a key or a value that nothing takes.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable {
            file: file.to_owned(),
            source,
        };
        let bytes = safe_open::read_at_most(file, MAX_FILE).map_err(unreadable)?;
        let too_large = || std::io::Error::other(format!("it has more than {MAX_FILE} bytes"));
        let bytes = bytes.ok_or_else(|| unreadable(too_large()))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| unreadable(std::io::Error::other("it is not UTF-8")))?;
        let folder = std::path::absolute(file).map_err(unreadable)?;
        let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
        Self::parse(file, &text, &folder)
    }

    /// Reads a text whose relative paths begin at `folder`.
    pub(crate) fn parse(file: &Path, text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let line_at = |start: usize| text[..start].matches('\n').count();
        let invalid = |line: usize, why: String| ConfigError::Invalid {
            file: file.to_owned(),
            line: line + 1,
            text: why,
        };
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = line_at(start);
            let text = text.lines().nth(line).unwrap_or_default();
            invalid(line, with_advice(error.message(), text))
        })?;
        config.begin_paths_at(folder);
        match socket::mistake(&config.sockets) {
            Some((position, why)) => Err(invalid(line_at(socket::offset(text, position)), why)),
            None => Ok(config),
        }
    }

    fn begin_paths_at(&mut self, folder: &Path) {
        let begin = |path: &mut PathBuf| *path = folder.join(&*path);
        begin(&mut self.directory);
        let sockets = self.sockets.iter_mut();
        sockets.for_each(|socket| begin(&mut socket.path));
        self.overflow.iter_mut().for_each(begin);
        self.audit
            .iter_mut()
            .for_each(|audit| begin(&mut audit.directory));
        let credentials = self.remote.iter_mut();
        credentials
            .filter_map(|remote| remote.credentials.as_mut())
            .for_each(begin);
        for issuer in &mut self.issuers {
            issuer.jwks_file.iter_mut().for_each(begin);
        }
        for policy in self
            .tenants
            .iter_mut()
            .flat_map(|tenant| &mut tenant.policies)
        {
            policy.file = folder.join(&policy.file).to_string_lossy().into_owned();
            policy.cases.iter_mut().for_each(begin);
        }
    }

    /// The folder of the store.
    pub fn store_folder(&self) -> PathBuf {
        self.directory.join("store")
    }

    /// The folder of the tenants' views.
    pub fn views_folder(&self) -> PathBuf {
        self.directory.join("views")
    }

    /// The folder of objects that the store's disk has no room for, and of views of them.
    pub fn overflow_folder(&self) -> PathBuf {
        let own = || self.directory.join("overflow");
        self.overflow.clone().unwrap_or_else(own)
    }
}

#[cfg(test)]
mod tests;
