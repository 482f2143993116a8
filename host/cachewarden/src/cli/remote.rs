//! The remote tiers that options name.

use std::sync::Arc;
use std::time::Duration;

use cachewarden_remote as remote;
use cachewarden_remote::{Address, Credentials, CredentialsFile};
use cachewarden_session::{DEFAULT_REMOTE_BUDGET, RemoteTiers};
use cachewarden_store::Store;
use cachewarden_types::Code;

use super::arguments::RemoteOptions;
use super::failure::{Failure, OrFail};

impl RemoteOptions {
    /// The tiers, from near to far, each with its credentials: those of the file, else those of the
    /// environment.
    pub(super) fn tiers(&self) -> Result<Vec<(Address, Credentials)>, Failure> {
        let file = match &self.remote_credentials {
            Some(file) => CredentialsFile::read(file)?,
            None => CredentialsFile::default(),
        };
        let value = |name: &str| file.get(name).or_else(|| std::env::var(name).ok());
        let tiers = self.remote.iter().map(|address| {
            let credentials = Credentials::of(address, value);
            (address.clone(), credentials)
        });
        Ok(tiers.collect())
    }

    /// The tiers for sessions on this store; `None` where no option names one.
    pub(super) fn for_sessions(&self, store: &Arc<Store>) -> Result<Option<RemoteTiers>, Failure> {
        if self.remote.is_empty() {
            return Ok(None);
        }
        let tiers = remote::RemoteTiers::new(self.tiers()?, Arc::clone(store))
            .or_fail(Code::System, || "cannot start a thread".to_owned())?;
        Ok(Some(RemoteTiers {
            tiers: Arc::new(tiers),
            budget: self.budget(),
        }))
    }

    /// How long a session may wait for tiers in vain.
    fn budget(&self) -> Duration {
        self.remote_budget.unwrap_or(DEFAULT_REMOTE_BUDGET)
    }
}
