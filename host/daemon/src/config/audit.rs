//! The audit log, in the configuration.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use cachewarden_types::duration::longer_than_zero;

use super::values::Size;
use crate::audit::LARGEST_FILE;

/// The smallest size that a file may have: some ten lines.
const LEAST_FILE: u64 = 4 * 1024;

/// Where sessions are written down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuditConfig {
    /// The folder, with a file for each tenant.
    pub directory: PathBuf,
    /// A file that has more is put aside.
    #[serde(default = "AuditConfig::default_size")]
    pub max_file_size: Size,
    /// The most bytes of a tenant's files together; the oldest go first.
    #[serde(default = "AuditConfig::default_total")]
    pub max_size: Size,
    /// Files that were put aside and are older are removed.
    #[serde(
        default = "AuditConfig::default_age",
        deserialize_with = "longer_than_zero"
    )]
    pub keep: Duration,
    /// Labels whose values are not written.
    #[serde(default)]
    pub redact: Vec<String>,
}

impl AuditConfig {
    /// What is wrong with the sizes.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.max_file_size.0 > LARGEST_FILE {
            return Err(format!(
                "`max-file-size`: at most {} MiB, or the file could not be replayed",
                LARGEST_FILE >> 20
            ));
        }
        if self.max_file_size.0 < LEAST_FILE {
            return Err(format!(
                "`max-file-size`: at least {} KiB, or no line would be kept",
                LEAST_FILE >> 10
            ));
        }
        match self.max_size.0 / 2 < self.max_file_size.0 {
            true => Err("`max-size`: at least twice `max-file-size`, or no file that was put aside would be kept".to_owned()),
            false => Ok(()),
        }
    }

    pub(super) fn default_size() -> Size {
        Size(64 * 1024 * 1024)
    }

    /// Some 2.5 million questions: 250 builds that ask 10,000 each.
    pub(super) fn default_total() -> Size {
        Size(1024 * 1024 * 1024)
    }

    pub(super) fn default_age() -> Duration {
        Duration::from_secs(30 * 24 * 60 * 60)
    }
}
