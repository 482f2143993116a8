//! Policies that sessions bring: kept by their digest, compiled one at a time for each tenant.
//!
//! What always holds: the bytes are those of the announced digest; they are compiled in the
//! compiler's process, within the tenant's time; and a policy that was refused is refused again
//! without being compiled (see the compiled cache of the policy crate).

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::{Limits, Policy, PolicySource};
use cachewarden_session::PolicyConfig;
use cachewarden_types::{Digest, Problem};

use crate::Daemon;
use crate::folders::{self, FolderError};
use crate::tenants::Tenant;

/// Policies of one tenant that stay loaded when no session uses them: one for each of its projects
/// that build at the same time.
const KEPT_LOADED: usize = 8;

/// The policies that the sessions of all tenants have brought.
pub(crate) struct OwnPolicies {
    folder: PathBuf,
    tenants: Mutex<HashMap<String, Arc<Mutex<OfTenant>>>>,
}

/// The policies of one tenant, the latest last. Whoever loads one holds the lock.
#[derive(Default)]
struct OfTenant {
    loaded: Vec<Arc<Policy>>,
}

impl OwnPolicies {
    /// Kept in a folder of the daemon's.
    ///
    /// # Errors
    /// When it cannot be made, or is a link: what is in it is removed.
    pub(crate) fn in_folder(folder: PathBuf) -> Result<Self, FolderError> {
        folders::prepare(&folder, folders::CLOSED)?;
        if folder.is_symlink() {
            return Err(FolderError::Unusable {
                folder,
                source: io::Error::other("it is a link; remove it"),
            });
        }
        clear(&folder);
        Ok(Self {
            folder,
            tenants: Mutex::default(),
        })
    }

    /// The policy of these bytes with its settings; what is wrong with it otherwise.
    pub(super) fn load(
        &self,
        daemon: &Daemon,
        tenant: &Tenant,
        bytes: &[u8],
        settings: Option<&str>,
    ) -> Result<PolicyConfig, String> {
        let settings = canonical("settings", settings.unwrap_or("{}"))
            .map_err(|error| format!("the settings of the policy (--settings): {error}"))?;
        let digest = Digest::of(bytes);
        let of_tenant = {
            let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tenants.entry(tenant.name.clone()).or_default())
        };
        let mut of_tenant = of_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let known = of_tenant
            .loaded
            .iter()
            .position(|one| one.digest() == digest);
        let policy = match known {
            Some(position) => of_tenant.loaded.remove(position),
            None => self.compile(daemon, tenant, bytes, digest)?,
        };
        of_tenant.loaded.push(Arc::clone(&policy));
        if of_tenant.loaded.len() > KEPT_LOADED {
            of_tenant.loaded.remove(0);
        }
        Ok(PolicyConfig { policy, settings })
    }

    fn compile(
        &self,
        daemon: &Daemon,
        tenant: &Tenant,
        bytes: &[u8],
        digest: Digest,
    ) -> Result<Arc<Policy>, String> {
        let began = Instant::now();
        let kept = |error: io::Error| format!("the daemon cannot keep the policy: {error}");
        // For as long as it is loaded: the compiled form is what is kept.
        let mut file = tempfile::Builder::new()
            .prefix(&digest.to_hex())
            .suffix(".wasm")
            .tempfile_in(&self.folder)
            .map_err(kept)?;
        file.write_all(bytes).map_err(kept)?;
        let source = PolicySource {
            file: file.path().to_owned(),
            pin: Some(digest),
        };
        let limits = Limits {
            compile_time: tenant.quota.compile_time,
            ..Limits::default()
        };
        let loader = &daemon.loader;
        let loaded = loader
            .sandbox
            .load(&source, limits, loader.cache.as_ref(), || {});
        daemon
            .metrics
            .compiled(&tenant.name, began.elapsed().as_secs_f64());
        // The job knows its policy by another name than the daemon's file.
        let shown = file.path().display().to_string();
        loaded.map_err(|error| error.told().replace(&shown, "(--policy)"))
    }
}

/// Removes what a daemon that was killed has left.
fn clear(folder: &Path) {
    for item in fs::read_dir(folder).into_iter().flatten().flatten() {
        // What cannot be removed takes some room, and nothing reads it.
        let _ = fs::remove_file(item.path());
    }
}
