//! Policies that sessions bring: kept by their digest, compiled one at a time for each tenant.
//!
//! What always holds: the bytes are those of the announced digest; they are compiled in the
//! compiler's process, within the tenant's time; and a policy that was refused is refused again
//! without being compiled (see the compiled cache of the policy crate). Texts call a policy by its
//! digest: the job knows the file, and the daemon has none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::{Limits, Policy};
use cachewarden_session::PolicyConfig;
use cachewarden_types::{Digest, Problem};

use crate::Daemon;
use crate::tenants::Tenant;

/// Policies of one tenant that stay loaded when no session uses them: one for each of its projects
/// that build at the same time.
const KEPT_LOADED: usize = 8;

/// The digits of a digest that are shown: enough to compare with what `sha256sum` prints.
const SHOWN_DIGITS: usize = 16;

/// The policies that the sessions of all tenants have brought.
#[derive(Default)]
pub(crate) struct OwnPolicies {
    tenants: Mutex<HashMap<String, Arc<Mutex<OfTenant>>>>,
}

/// The policies of one tenant, the latest last. Whoever loads one holds the lock.
#[derive(Default)]
struct OfTenant {
    loaded: Vec<Arc<Policy>>,
}

impl OwnPolicies {
    /// The policy of these bytes with its settings; what is wrong with it otherwise.
    pub(super) fn load(
        &self,
        daemon: &Daemon,
        tenant: &Tenant,
        bytes: Vec<u8>,
        settings: Option<&str>,
    ) -> Result<PolicyConfig, String> {
        let settings = canonical("settings", settings.unwrap_or("{}"))
            .map_err(|error| format!("the settings of the policy (--settings): {error}"))?;
        let digest = Digest::of(&bytes);
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
            None => compile(daemon, tenant, bytes, digest)?,
        };
        of_tenant.loaded.push(Arc::clone(&policy));
        if of_tenant.loaded.len() > KEPT_LOADED {
            of_tenant.loaded.remove(0);
        }
        Ok(PolicyConfig { policy, settings })
    }
}

fn compile(
    daemon: &Daemon,
    tenant: &Tenant,
    bytes: Vec<u8>,
    digest: Digest,
) -> Result<Arc<Policy>, String> {
    let began = Instant::now();
    let limits = Limits {
        compile_time: tenant.quota.compile_time,
        ..Limits::default()
    };
    let name = format!("--policy (sha256 {}...)", &digest.to_hex()[..SHOWN_DIGITS]);
    let loader = &daemon.loader;
    let cache = loader.cache.as_ref();
    let loaded = loader.sandbox.load_bytes(&name, bytes, limits, cache);
    let seconds = began.elapsed().as_secs_f64();
    daemon.metrics.compiled(&tenant.name, seconds);
    loaded.map_err(|error| error.code().error(&error.told()))
}
