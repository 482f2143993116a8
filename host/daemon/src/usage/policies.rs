//! What the policies of a tenant use: CPU time, memory, and time to compile those that jobs bring.
//!
//! Time counts while sessions run, and memory until it is given back. What always holds: beyond a
//! quota a policy of the tenant is off, or is not begun, and nobody else's is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytesize::ByteSize;

use cachewarden_policy_host::Account;

use super::rate::Window;
use super::{QuotaConfig, SessionUsage, Usage};

/// For how long the time of policies and of compilers is counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Bytes of policies that the sessions of a tenant may send at once: five of the largest. Each is
/// in memory until it is loaded.
pub(super) const MAX_POLICIES_SENT: u64 = 256 * 1024 * 1024;

/// What the policies of a tenant use.
#[derive(Debug)]
pub(super) struct PolicyUse {
    cpu_nanos: Window,
    compile_nanos: Window,
    /// Bytes of policies that are being sent.
    sent: u64,
    /// Bytes of their instances, and of the code of those that jobs have brought.
    memory: u64,
}

impl Default for PolicyUse {
    fn default() -> Self {
        Self {
            cpu_nanos: Window::new(MINUTE),
            compile_nanos: Window::new(MINUTE),
            sent: 0,
            memory: 0,
        }
    }
}

impl PolicyUse {
    /// Whether policies may use more CPU time.
    pub(super) fn check_time(&mut self, quota: &QuotaConfig, now: Instant) -> Result<(), String> {
        let most = quota.policy_time_per_minute;
        match self.cpu_nanos.sum(now) < nanos(most) {
            true => Ok(()),
            false => Err(format!(
                "the policies of the tenant have used {} of CPU time in a minute, as much as they may (quota.policy-time-per-minute)",
                humantime::format_duration(most)
            )),
        }
    }

    fn take_memory(&mut self, bytes: u64, quota: &QuotaConfig) -> Result<(), String> {
        let most = quota.policy_memory.map_or(u64::MAX, |size| size.0);
        match self.memory.checked_add(bytes) {
            Some(all) if all <= most => {
                self.memory = all;
                Ok(())
            }
            _ => Err(format!(
                "the policies of the tenant want more than {} of memory together (quota.policy-memory)",
                ByteSize(most).display().iec()
            )),
        }
    }
}

impl Account for SessionUsage {
    fn take_memory(&self, bytes: u64) -> Result<(), String> {
        self.usage.lock().policies.take_memory(bytes, &self.quota)
    }

    fn give_back_memory(&self, bytes: u64) {
        self.usage.lock().policies.memory -= bytes;
    }

    fn use_time(&self, time: Duration) -> Result<(), String> {
        let now = Instant::now();
        let policies = &mut self.usage.lock().policies;
        policies.cpu_nanos.add(nanos(time), now);
        policies.check_time(&self.quota, now)
    }
}

impl SessionUsage {
    /// Room in memory for a policy of the session's own that is being sent, until what is returned
    /// is dropped.
    ///
    /// # Errors
    /// When other sessions of the tenant have taken all of it. The text says so.
    pub(crate) fn room_for_policy(&self, bytes: u64) -> Result<PolicyRoom, String> {
        let policies = &mut self.usage.lock().policies;
        let all = policies.sent.saturating_add(bytes);
        if all > MAX_POLICIES_SENT {
            return Err(format!(
                "the sessions of the tenant send policies of {} bytes at once (connect --policy), and at most {MAX_POLICIES_SENT} are taken; try again when they are loaded",
                policies.sent
            ));
        }
        policies.sent = all;
        Ok(PolicyRoom {
            usage: Arc::clone(&self.usage),
            bytes,
        })
    }

    /// Room for the code of a policy that a job has brought, while it is loaded.
    ///
    /// # Errors
    /// When the tenant's policies have taken all of it. The text says so.
    pub(crate) fn room_for_code(&self, bytes: u64) -> Result<CodeRoom, String> {
        self.take_memory(bytes)?;
        Ok(CodeRoom {
            usage: Arc::clone(&self.usage),
            bytes,
        })
    }

    /// Whether one more policy may be compiled.
    ///
    /// # Errors
    /// When that has taken as long as it may for now. The text says so.
    pub(crate) fn may_compile(&self) -> Result<(), String> {
        let most = self.quota.compile_time_per_minute;
        let spent = self.usage.lock().policies.compile_nanos.sum(Instant::now());
        match spent < nanos(most) {
            true => Ok(()),
            false => Err(format!(
                "the policies that jobs of the tenant have brought took {} to compile in a minute, as long as they may (quota.compile-time-per-minute); try again in a minute",
                humantime::format_duration(most)
            )),
        }
    }

    /// Takes note of the time that compiling a policy has taken.
    pub(crate) fn compiled(&self, time: Duration) {
        let policies = &mut self.usage.lock().policies;
        policies.compile_nanos.add(nanos(time), Instant::now());
    }
}

/// Room in memory for a policy that a session sends.
#[derive(Debug)]
pub(crate) struct PolicyRoom {
    usage: Arc<Usage>,
    bytes: u64,
}

impl Drop for PolicyRoom {
    fn drop(&mut self) {
        self.usage.lock().policies.sent -= self.bytes;
    }
}

/// Room in memory for the code of a policy that a job has brought.
#[derive(Debug)]
pub(crate) struct CodeRoom {
    usage: Arc<Usage>,
    bytes: u64,
}

impl Drop for CodeRoom {
    fn drop(&mut self) {
        self.usage.lock().policies.memory -= self.bytes;
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
