//! Policies that sessions bring: kept by their digest, compiled one at a time for each tenant.
//!
//! What always holds: the bytes are those of the announced digest; they are compiled in the
//! compiler's process, within the tenant's time, and their code is in the tenant's memory; and a
//! policy that was refused is refused again without being compiled (see the compiled cache of the
//! policy crate). Each tenant has a compiled cache of its own: in one that all share, a tenant
//! could hold the lock of another one's policy, and have it removed by many of its own. Texts call
//! a policy by its digest: the job knows the file, and the daemon has none.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::value::RawValue;

use cachewarden_policy_host::canonical::canonical;
use cachewarden_policy_host::{CompiledCache, Limits, Policy};
use cachewarden_session::PolicyConfig;
use cachewarden_types::{Digest, Problem};

use crate::Daemon;
use crate::tenants::Tenant;
use crate::usage::{CodeRoom, SessionUsage};

/// Policies of one tenant that stay loaded when no session uses them: one for each of its projects
/// that build at the same time.
const KEPT_LOADED: usize = 8;

/// The digits of a digest that are shown: enough to compare with what `sha256sum` prints.
const SHOWN_DIGITS: usize = 16;

/// The policies that the sessions of all tenants have brought.
pub(crate) struct OwnPolicies {
    /// The folder of the tenants' compiled caches.
    compiled: PathBuf,
    tenants: Mutex<HashMap<String, Arc<Mutex<OfTenant>>>>,
}

/// The policies of one tenant, the latest last. Whoever loads one holds the lock.
#[derive(Default)]
struct OfTenant {
    loaded: Vec<OwnPolicy>,
}

/// A policy that a session has brought, loaded. Whoever uses it holds all of this.
#[derive(Clone)]
pub(super) struct OwnPolicy {
    policy: Arc<Policy>,
    _room: Arc<CodeRoom>,
}

impl OwnPolicy {
    /// The policy with the settings of a session.
    pub(super) fn config(&self, settings: Box<RawValue>) -> PolicyConfig {
        PolicyConfig {
            policy: Arc::clone(&self.policy),
            settings,
        }
    }
}

impl OwnPolicies {
    /// None yet. They are compiled into folders below this one.
    pub(crate) fn compiled_into(compiled: PathBuf) -> Self {
        Self {
            compiled,
            tenants: Mutex::default(),
        }
    }

    /// Whether a policy that is announced may be taken: it is loaded, or may be compiled.
    ///
    /// # Errors
    /// When the tenant has compiled for as long as it may for now. The text says so.
    pub(super) fn may_take(
        &self,
        tenant: &Tenant,
        usage: &SessionUsage,
        sha256: &str,
    ) -> Result<(), String> {
        let of_tenant = self.of_tenant(tenant);
        let is_loaded = match of_tenant.try_lock() {
            Ok(of_tenant) => of_tenant.position(sha256).is_some(),
            // One is being compiled: whether this one may be is known after that.
            Err(_) => true,
        };
        match is_loaded {
            true => Ok(()),
            false => usage.may_compile(),
        }
    }

    /// The policy of these bytes; what is wrong with it otherwise.
    pub(super) fn load(
        &self,
        daemon: &Daemon,
        tenant: &Tenant,
        usage: &SessionUsage,
        bytes: Vec<u8>,
    ) -> Result<OwnPolicy, String> {
        let digest = Digest::of(&bytes);
        let of_tenant = self.of_tenant(tenant);
        let mut of_tenant = of_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let own = match of_tenant.position(&digest.to_hex()) {
            Some(position) => of_tenant.loaded.remove(position),
            None => {
                let policy = self.compile(daemon, tenant, usage, bytes, digest)?;
                let room = of_tenant.room(usage, policy.code_bytes())?;
                OwnPolicy {
                    policy,
                    _room: Arc::new(room),
                }
            }
        };
        of_tenant.loaded.push(own.clone());
        if of_tenant.loaded.len() > KEPT_LOADED {
            of_tenant.loaded.remove(0);
        }
        Ok(own)
    }

    fn of_tenant(&self, tenant: &Tenant) -> Arc<Mutex<OfTenant>> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.name.clone()).or_default())
    }

    fn compile(
        &self,
        daemon: &Daemon,
        tenant: &Tenant,
        usage: &SessionUsage,
        bytes: Vec<u8>,
        digest: Digest,
    ) -> Result<Arc<Policy>, String> {
        usage.may_compile()?;
        let began = Instant::now();
        let limits = Limits {
            compile_time: tenant.quota.compile_time,
            ..Limits::default()
        };
        let name = format!("--policy (sha256 {}...)", &digest.to_hex()[..SHOWN_DIGITS]);
        let cache = CompiledCache::new(self.compiled.join(&tenant.name));
        let sandbox = &daemon.loader.sandbox;
        let loaded = sandbox.load_bytes(&name, bytes, limits, Some(&cache));
        let took = began.elapsed();
        usage.compiled(took);
        daemon.metrics.compiled(&tenant.name, took.as_secs_f64());
        loaded.map_err(|error| error.code().error(&error.told()))
    }
}

impl OfTenant {
    fn position(&self, sha256: &str) -> Option<usize> {
        let mut loaded = self.loaded.iter();
        loaded.position(|own| own.policy.digest().to_hex() == sha256)
    }

    /// Room for one more. Policies that no session uses make place for it.
    fn room(&mut self, usage: &SessionUsage, bytes: u64) -> Result<CodeRoom, String> {
        loop {
            match usage.room_for_code(bytes) {
                Err(_) if !self.loaded.is_empty() => drop(self.loaded.remove(0)),
                taken => return taken,
            }
        }
    }
}

/// The settings of a session for its own policy.
///
/// # Errors
/// When they are no JSON object. The text says so.
pub(super) fn own_settings(settings: Option<&str>) -> Result<Box<RawValue>, String> {
    canonical("settings", settings.unwrap_or("{}"))
        .map_err(|error| format!("the settings of the policy (--settings): {error}"))
}
