//! What a tenant uses, and whether it may use more.
//!
//! A tenant's usage outlives a reload of the configuration. What always holds: what a session takes
//! is given back when the session ends, however it ends; a put beyond a quota is the session's own;
//! and a get is answered, at once or after a wait.

mod rate;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cachewarden_session::Quota;
use cachewarden_store::LEAST_BYTES;
use cachewarden_types::reasons;

use crate::config::QuotaConfig;
use rate::{Rate, Window};

/// For how long what is written and not kept is counted: an object without an entry stays on the
/// disk for as long as a running build may read it.
const UNKEPT_WINDOW: Duration = Duration::from_secs(3 * 60 * 60);

/// For how long the CPU time of policies is counted.
const POLICY_WINDOW: Duration = Duration::from_secs(60);

/// Bytes of policies that the sessions of a tenant may send at once: five of the largest. Each is in
/// memory until it is loaded.
const MAX_POLICIES_SENT: u64 = 256 * 1024 * 1024;

/// What a tenant uses.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Used {
    sessions: usize,
    entries: u64,
    bytes: u64,
    puts: Rate,
    put_bytes: Rate,
    gets: Rate,
    unkept: Window,
    policy_nanos: Window,
    policy_bytes: u64,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            sessions: 0,
            entries: 0,
            bytes: 0,
            puts: Rate::default(),
            put_bytes: Rate::default(),
            gets: Rate::default(),
            unkept: Window::new(UNKEPT_WINDOW),
            policy_nanos: Window::new(POLICY_WINDOW),
            policy_bytes: 0,
        }
    }
}

/// What a tenant uses at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Sessions under way.
    pub sessions: usize,
    /// Entries kept.
    pub entries: u64,
    /// Bytes kept, at least [`LEAST_BYTES`] for each entry.
    pub bytes: u64,
}

impl Usage {
    /// Begins a session.
    ///
    /// # Errors
    /// When the tenant has as many as it may, or its policies have used their CPU time. The text
    /// says so.
    pub(crate) fn begin_session(
        self: &Arc<Self>,
        quota: &QuotaConfig,
    ) -> Result<SessionUsage, String> {
        let now = Instant::now();
        let mut used = self.lock();
        if used.sessions >= quota.sessions {
            return Err(format!(
                "the tenant has {} sessions at once, as many as it may (quota.sessions)",
                used.sessions
            ));
        }
        let most = quota.policy_time_per_minute;
        if used.policy_nanos.sum(now) >= nanos(most) {
            return Err(format!(
                "the policies of the tenant have used {} of CPU time in a minute, as much as they may (quota.policy-time-per-minute)",
                humantime::format_duration(most)
            ));
        }
        used.sessions += 1;
        Ok(SessionUsage {
            usage: Arc::clone(self),
            quota: quota.clone(),
        })
    }

    /// What is used now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let used = self.lock();
        Snapshot {
            sessions: used.sessions,
            entries: used.entries,
            bytes: used.bytes,
        }
    }

    /// What the store was found to keep for the tenant.
    pub(crate) fn set_kept(&self, entries: u64, bytes: u64) {
        let mut used = self.lock();
        (used.entries, used.bytes) = (entries, bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one session uses, which is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct SessionUsage {
    usage: Arc<Usage>,
    quota: QuotaConfig,
}

impl SessionUsage {
    /// What bounds the session's puts.
    pub(crate) fn kept(&self) -> KeptPuts {
        KeptPuts {
            usage: Arc::clone(&self.usage),
            quota: self.quota.clone(),
        }
    }

    /// Takes note of a get, and returns how long its session is to wait before it reads on. Every
    /// session of the tenant waits for its own gets and those of the others, so each has its turn,
    /// after two seconds at most.
    pub(crate) fn get(&self) -> Duration {
        let Some(rate) = self.quota.gets_per_second else {
            return Duration::ZERO;
        };
        let mut used = self.usage.lock();
        used.gets.add(1);
        used.gets.excess(u64::from(rate.get()), Instant::now())
    }

    /// Takes note of an object that will be received: its file takes room, however few bytes it has.
    pub(crate) fn receive_object(&self) {
        self.received(LEAST_BYTES);
    }

    /// Takes note of bytes that were received.
    pub(crate) fn received(&self, bytes: u64) {
        self.usage.lock().unkept.add(bytes, Instant::now());
    }

    /// Whether more may be written that is not kept.
    pub(crate) fn may_write(&self) -> bool {
        let unkept = self.usage.lock().unkept.sum(Instant::now());
        unkept < self.quota.unkept_bytes.0
    }

    /// Room in memory for a policy of the session's own, until what is returned is dropped.
    ///
    /// # Errors
    /// When other sessions of the tenant have taken all of it. The text says so.
    pub(crate) fn room_for_policy(&self, bytes: u64) -> Result<PolicyRoom, String> {
        let mut used = self.usage.lock();
        let all = used.policy_bytes.saturating_add(bytes);
        if all > MAX_POLICIES_SENT {
            return Err(format!(
                "the sessions of the tenant send policies of {} bytes at once (connect --policy), and at most {MAX_POLICIES_SENT} are taken; try again when they are loaded",
                used.policy_bytes
            ));
        }
        used.policy_bytes = all;
        Ok(PolicyRoom {
            usage: Arc::clone(&self.usage),
            bytes,
        })
    }

    /// Takes note of the CPU time of policies.
    pub(crate) fn policies_used(&self, time: Duration) {
        let mut used = self.usage.lock();
        used.policy_nanos.add(nanos(time), Instant::now());
    }
}

impl Drop for SessionUsage {
    fn drop(&mut self) {
        self.usage.lock().sessions -= 1;
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
        self.usage.lock().policy_bytes -= self.bytes;
    }
}

/// Bounds what is kept of a session's puts.
#[derive(Debug)]
pub(crate) struct KeptPuts {
    usage: Arc<Usage>,
    quota: QuotaConfig,
}

impl Quota for KeptPuts {
    fn take(&mut self, size: u64) -> Option<&'static str> {
        let now = Instant::now();
        let weight = size.max(LEAST_BYTES);
        let quota = &self.quota;
        let mut used = self.usage.lock();
        let fits = quota.bytes.is_none_or(|most| used.bytes + weight <= most.0)
            && quota.entries.is_none_or(|most| used.entries < most)
            && quota
                .puts_per_second
                .is_none_or(|rate| used.puts.has_room(1, u64::from(rate), now))
            && quota
                .bytes_per_second
                .is_none_or(|rate| used.put_bytes.has_room(size, rate.0, now));
        if !fits {
            return Some(reasons::QUOTA);
        }
        used.entries += 1;
        used.bytes += weight;
        used.puts.add(1);
        used.put_bytes.add(size);
        used.unkept.take_back(size + LEAST_BYTES);
        None
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
