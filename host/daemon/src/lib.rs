//! The daemon of `cachewarden serve`: sessions of several tenants in one process, outside the jobs
//! that they restrain.
//!
//! It owns the store. A job has a socket, and files that it can only read. What always holds: who a
//! session is follows from the socket's peer and a signed token, and from nothing that the job
//! says; a tenant's traps, time, memory and quota are its own; and a configuration is used as a
//! whole or not at all.
//!
//! One thread accepts clients, one keeps house ([`housekeeping`]), one writes the audit log, and
//! each session has a thread. Nothing here reads the environment, but what systemd passes.

mod audit;
mod authority;
pub mod config;
mod folders;
mod housekeeping;
mod identity;
mod loading;
mod log_limit;
mod logging;
mod metrics;
mod operator;
#[cfg_attr(not(feature = "remote"), path = "no_remote.rs")]
mod remote;
mod server;
mod serving;
mod sessions;
mod shares;
mod tenants;
mod usage;

pub use folders::FolderError;
pub use loading::{Described, Loaded, Loader, SetupError};
pub use server::{Checked, ServeError, check, serve};

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cachewarden_session::{RemoteTiers, Services};
use cachewarden_store::{Store, Views};

use audit::Audit;
use log_limit::LogLimit;
use metrics::Metrics;
use serving::OwnPolicies;
use sessions::Sessions;
use tenants::Tenant;
use usage::{Snapshot, Usage};

/// What all threads of the daemon share.
struct Daemon {
    /// The configuration's file, for a reload.
    file: PathBuf,
    loader: Loader,
    store: Arc<Store>,
    views: Views,
    loaded: RwLock<Arc<Loaded>>,
    sessions: Arc<Sessions>,
    own_policies: OwnPolicies,
    audit: Option<Audit>,
    metrics: Metrics,
    log_limit: LogLimit,
    /// Storage that other machines share, for sessions; `None` where there is none.
    remote: Option<RemoteTiers>,
    /// What each tenant uses, by its name, over reloads.
    usages: Mutex<HashMap<String, Arc<Usage>>>,
}

impl Daemon {
    /// The configuration that is in use.
    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What sessions share.
    fn services(&self) -> Services {
        Services {
            store: Arc::clone(&self.store),
            remote: self.remote.clone(),
        }
    }

    /// What a tenant uses. What the store keeps for it is counted at the first call.
    fn usage(&self, tenant: &Tenant) -> Arc<Usage> {
        let usage = {
            let mut usages = self.usages.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(usages.entry(tenant.name.clone()).or_default())
        };
        let kept = self.store.usage(&tenant.all_written);
        usage.set_kept(kept.entries, kept.bytes);
        usage
    }

    /// What every tenant of the configuration uses now.
    fn usage_of_all(&self) -> BTreeMap<String, Snapshot> {
        let loaded = self.loaded();
        let all = loaded.tenants.all.iter();
        all.map(|tenant| (tenant.name.clone(), self.usage(tenant).snapshot()))
            .collect()
    }
}
