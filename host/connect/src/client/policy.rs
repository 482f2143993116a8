//! A policy of the client's own, which the daemon asks beside the operator's.

use std::path::Path;
use std::time::Duration;

use cachewarden_system::safe_open;
use cachewarden_types::Digest;

use super::{ClientError, Options};
use crate::wire::{MAX_POLICY, PolicyOffer};

/// The most bytes of settings: a hello must have room for a token beside them.
const MAX_SETTINGS: u64 = 32 * 1024;

/// How long the daemon may take to take the policy.
pub(super) const SEND_TIME: Duration = Duration::from_secs(10);

/// A policy with its settings.
pub(super) struct OwnPolicy {
    pub(super) bytes: Vec<u8>,
    pub(super) settings: Option<String>,
}

impl OwnPolicy {
    pub(super) fn read(options: &Options) -> Result<Option<Self>, ClientError> {
        let Some(path) = &options.policy else {
            return Ok(None);
        };
        let settings = options.settings.as_deref();
        Ok(Some(Self {
            bytes: read(path, MAX_POLICY as u64)?,
            settings: settings.map(read_settings).transpose()?,
        }))
    }

    pub(super) fn offer(&self) -> PolicyOffer {
        PolicyOffer {
            size: self.bytes.len() as u64,
            sha256: Digest::of(&self.bytes).to_hex(),
        }
    }
}

/// A JSON text, or `@FILE`.
fn read_settings(settings: &str) -> Result<String, ClientError> {
    let Some(file) = settings.strip_prefix('@') else {
        return Ok(settings.to_owned());
    };
    let bytes = read(Path::new(file), MAX_SETTINGS)?;
    String::from_utf8(bytes)
        .map_err(|_| ClientError::Policy(format!("the settings in {file} are not valid UTF-8")))
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, ClientError> {
    let bytes = safe_open::read_at_most(path, most)
        .map_err(|error| ClientError::Policy(format!("{}: {error}", path.display())))?;
    bytes.ok_or_else(|| {
        ClientError::Policy(format!("{} has more than {most} bytes", path.display()))
    })
}
