//! What a tenant uses, and whether it may use more.
//!
//! A tenant's usage outlives a reload of the configuration. What always holds: what a session takes
//! is given back when the session ends, however it ends; a put beyond a quota is the session's own;
//! and a get is answered, at once or after a wait.
//!
//! What a tenant keeps is counted by the store, by scope. This count is a copy of the sum over the
//! tenant's scopes, made when a session begins, and each put that may be kept is added to it before
//! it is written. So a put costs one lock and no walk over all scopes, of which a tenant may have
//! hundreds; and puts of several sessions at once cannot pass the quota together. An entry that is
//! replaced counts twice until the next session begins: the quota is then too strict, never too
//! wide.

mod policies;
mod rate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cachewarden_session::Quota;
use cachewarden_store::{LEAST_BYTES, MTIME_GRACE};
use cachewarden_types::reasons;

use crate::config::QuotaConfig;
use policies::PolicyUse;
pub(crate) use policies::{CodeRoom, PolicyRoom};
use rate::{Rate, Window};

/// For how long what is written and not kept is counted: an object without an entry stays on the
/// disk for as long as a running build may read it.
const UNKEPT_WINDOW: Duration = MTIME_GRACE;

/// What a tenant uses.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Used {
    sessions: usize,
    /// Sessions of each user.
    users: HashMap<String, usize>,
    entries: u64,
    bytes: u64,
    puts: Rate,
    put_bytes: Rate,
    gets: Rate,
    unkept: Window,
    policies: PolicyUse,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            sessions: 0,
            users: HashMap::new(),
            entries: 0,
            bytes: 0,
            puts: Rate::default(),
            put_bytes: Rate::default(),
            gets: Rate::default(),
            unkept: Window::new(UNKEPT_WINDOW),
            policies: PolicyUse::default(),
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
    /// Begins a session of a user: of whom one tenant's jobs are told apart by.
    ///
    /// # Errors
    /// When the tenant or the user has as many as it may, or the tenant's policies have used their
    /// CPU time. The text says so.
    pub(crate) fn begin_session(
        self: &Arc<Self>,
        quota: &QuotaConfig,
        user: &str,
    ) -> Result<SessionUsage, String> {
        let now = Instant::now();
        let mut used = self.lock();
        if used.sessions >= quota.sessions {
            return Err(format!(
                "the tenant has {} sessions at once, as many as it may (quota.sessions)",
                used.sessions
            ));
        }
        let of_user = used.users.get(user).copied().unwrap_or_default();
        if of_user >= quota.sessions_of_a_user() {
            return Err(format!(
                "the user has {of_user} sessions of the tenant at once, as many as one user may (quota.sessions-per-user)"
            ));
        }
        used.policies.check_time(quota, now)?;
        used.sessions += 1;
        used.users.insert(user.to_owned(), of_user + 1);
        Ok(SessionUsage {
            usage: Arc::clone(self),
            quota: quota.clone(),
            user: user.to_owned(),
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
    user: String,
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

    /// Takes note of an object that will be received: its file takes room, however few bytes it
    /// has.
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
}

impl Drop for SessionUsage {
    fn drop(&mut self) {
        let mut used = self.usage.lock();
        used.sessions -= 1;
        if let Some(of_user) = used.users.get_mut(&self.user) {
            *of_user -= 1;
        }
        // There may be a user for each pull request.
        used.users.retain(|_, sessions| *sessions > 0);
    }
}

/// Bounds what is kept of a session's puts.
#[derive(Debug)]
pub(crate) struct KeptPuts {
    usage: Arc<Usage>,
    quota: QuotaConfig,
}

impl KeptPuts {
    fn fits(&self, used: &mut Used, size: u64) -> bool {
        let now = Instant::now();
        let weight = size.max(LEAST_BYTES);
        let quota = &self.quota;
        quota.bytes.is_none_or(|most| used.bytes + weight <= most.0)
            && quota.entries.is_none_or(|most| used.entries < most)
            && quota
                .puts_per_second
                .is_none_or(|rate| used.puts.has_room(1, u64::from(rate), now))
            && quota
                .bytes_per_second
                .is_none_or(|rate| used.put_bytes.has_room(size, rate.0, now))
    }
}

impl Quota for KeptPuts {
    fn take(&mut self, size: u64) -> Option<&'static str> {
        let weight = size.max(LEAST_BYTES);
        let mut used = self.usage.lock();
        if !self.fits(&mut used, size) {
            return Some(reasons::QUOTA);
        }
        used.entries += 1;
        used.bytes += weight;
        used.puts.add(1);
        used.put_bytes.add(size);
        used.unkept.take_back(size + LEAST_BYTES);
        None
    }

    fn refuses(&self, size: u64) -> Option<&'static str> {
        let fits = self.fits(&mut self.usage.lock(), size);
        (!fits).then_some(reasons::QUOTA)
    }

    /// Otherwise puts of other bytes under one action, again and again, would fill the disk.
    fn replaced(&mut self, size: u64) {
        let bytes = size + LEAST_BYTES;
        self.usage.lock().unkept.add(bytes, Instant::now());
    }
}

#[cfg(test)]
mod tests;
