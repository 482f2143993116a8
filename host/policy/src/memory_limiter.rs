//! Bounds the memory, the tables and the number of instances: of one instance, of its account, and
//! of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;
use wasmtime::ResourceLimiter;

use super::account::Account;
use super::limits::{
    Limits, MAX_INSTANCES, MAX_LIVE_INSTANCES, MAX_MEMORIES, MAX_MEMORY_OF_ALL, MAX_TABLE_ELEMENTS,
    MAX_TABLES, TABLE_ELEMENT_BYTES,
};

/// The usage of all instances of a process together.
#[derive(Debug, Default)]
pub(super) struct ProcessUsage {
    instances: AtomicUsize,
    memory: AtomicUsize,
}

impl ProcessUsage {
    /// Counts more memory for one instance, whose own bound is `own`; returns whether the process
    /// may have that much.
    fn take_memory(&self, bytes: usize, own: usize) -> bool {
        let most = usize::try_from(MAX_MEMORY_OF_ALL).unwrap_or(usize::MAX);
        let most = most.max(own);
        let taken = |used: usize| used.checked_add(bytes).filter(|used| *used <= most);
        let order = Ordering::Relaxed;
        self.memory.fetch_update(order, order, taken).is_ok()
    }
}

/// One of the instances that a process may have; dropping it gives the slot back.
struct InstanceSlot(Arc<ProcessUsage>);

impl InstanceSlot {
    fn take(usage: &Arc<ProcessUsage>) -> Option<Self> {
        // Dropped, and so given back, if there was no free slot.
        let slot = Self(Arc::clone(usage));
        (usage.instances.fetch_add(1, Ordering::Relaxed) < MAX_LIVE_INSTANCES).then_some(slot)
    }
}

impl Drop for InstanceSlot {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts the memory of an instance, and traps it at the bound.
pub(super) struct MemoryLimiter {
    memory: usize,
    memory_left: usize,
    elements_left: usize,
    account: Arc<dyn Account>,
    /// Bytes of memory and tables that were taken of the account and of the process.
    taken: usize,
    /// `None` where the process has too many instances.
    slot: Option<InstanceSlot>,
}

/// An instance has exceeded a bound.
#[derive(Debug, Error)]
pub(super) enum LimitExceeded {
    #[error("the policy wants more than {0} bytes of memory; give it more with --policy-memory")]
    Memory(usize),
    #[error(
        "the policies of this process want more than {MAX_MEMORY_OF_ALL} bytes of memory together"
    )]
    MemoryOfAll,
    #[error("{0}")]
    Account(String),
    #[error("the policy wants more than {MAX_TABLE_ELEMENTS} table elements")]
    Table,
    #[error(
        "this process has {MAX_LIVE_INSTANCES} instances of policies, which is all that it may have at a time"
    )]
    Instances,
}

impl MemoryLimiter {
    pub(super) fn new(
        limits: &Limits,
        usage: &Arc<ProcessUsage>,
        account: &Arc<dyn Account>,
    ) -> Self {
        let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        Self {
            memory,
            memory_left: memory,
            elements_left: MAX_TABLE_ELEMENTS,
            account: Arc::clone(account),
            taken: 0,
            slot: InstanceSlot::take(usage),
        }
    }

    /// Bytes of linear memory that the instance has.
    pub(super) fn memory_used(&self) -> usize {
        self.memory - self.memory_left
    }

    /// Takes bytes that are within the instance's own bounds of what it shares with others.
    fn take_shared(&mut self, bytes: usize) -> Result<(), LimitExceeded> {
        let slot = self.slot.as_ref().ok_or(LimitExceeded::Instances)?;
        let taken = self.account.take_memory(bytes as u64);
        taken.map_err(LimitExceeded::Account)?;
        if !slot.0.take_memory(bytes, self.memory) {
            self.account.give_back_memory(bytes as u64);
            return Err(LimitExceeded::MemoryOfAll);
        }
        self.taken += bytes;
        Ok(())
    }
}

impl Drop for MemoryLimiter {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            slot.0.memory.fetch_sub(self.taken, Ordering::Relaxed);
        }
        self.account.give_back_memory(self.taken as u64);
    }
}

fn take(left: &mut usize, current: usize, desired: usize) -> bool {
    match left.checked_sub(desired.saturating_sub(current)) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

impl ResourceLimiter for MemoryLimiter {
    // An error is a trap, unlike `false`: a guest whose growth is refused may loop for ever in its
    // out-of-memory handling.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if !take(&mut self.memory_left, current, desired) {
            return Err(wasmtime::Error::new(LimitExceeded::Memory(self.memory)));
        }
        let more = desired.saturating_sub(current);
        self.take_shared(more).map_err(|error| {
            self.memory_left += more;
            wasmtime::Error::new(error)
        })?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if !take(&mut self.elements_left, current, desired) {
            return Err(wasmtime::Error::new(LimitExceeded::Table));
        }
        let more = desired.saturating_sub(current);
        let bytes = more.saturating_mul(TABLE_ELEMENT_BYTES);
        self.take_shared(bytes).map_err(wasmtime::Error::new)?;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{TestAccount, no_account};

    fn limiter(memory: u64, usage: &Arc<ProcessUsage>) -> MemoryLimiter {
        let limits = Limits {
            memory,
            ..Limits::default()
        };
        MemoryLimiter::new(&limits, usage, &no_account())
    }

    #[test]
    fn memories_share_one_bound() {
        let mut limiter = limiter(100, &Arc::default());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        let error = limiter.memory_growing(60, 61, None).unwrap_err();
        assert!(error.to_string().contains("--policy-memory"), "{error}");
    }

    #[test]
    fn instances_of_a_process_share_one_bound() {
        let usage = Arc::default();
        let places: Vec<_> = (0..MAX_LIVE_INSTANCES)
            .map(|_| InstanceSlot::take(&usage).unwrap())
            .collect();
        for _ in 0..2 {
            assert!(InstanceSlot::take(&usage).is_none());
        }
        drop(places);
        assert!(InstanceSlot::take(&usage).is_some());
    }

    #[test]
    fn memories_of_all_instances_share_one_bound_and_give_it_back() {
        let usage = Arc::default();
        let half = usize::try_from(MAX_MEMORY_OF_ALL / 2).unwrap();
        let most = MAX_MEMORY_OF_ALL - 1;
        let (mut one, mut other) = (limiter(most, &usage), limiter(most, &usage));
        assert!(one.memory_growing(0, half, None).unwrap());
        assert!(other.memory_growing(0, half, None).unwrap());
        let error = other.memory_growing(half, half + 1, None).unwrap_err();
        assert!(error.to_string().contains("together"), "{error}");
        drop(one);
        assert!(other.memory_growing(half, half + 1, None).unwrap());
    }

    #[test]
    fn instances_of_an_account_share_its_memory_and_leave_that_of_others() {
        let usage = Arc::default();
        let limiter = |account: &Arc<TestAccount>| {
            let account: Arc<dyn Account> = Arc::clone(account) as _;
            MemoryLimiter::new(&Limits::default(), &usage, &account)
        };
        let account = Arc::new(TestAccount::with_memory(100));
        let (mut one, mut same) = (limiter(&account), limiter(&account));
        assert!(one.memory_growing(0, 60, None).unwrap());
        let error = same.memory_growing(0, 41, None).unwrap_err();
        assert!(error.to_string().contains("no memory"), "{error}");
        // What was refused has taken nothing, of the instance, the account or the process.
        assert_eq!((same.memory_used(), same.taken), (0, 0));
        assert_eq!(usage.memory.load(Ordering::Relaxed), 60);
        assert!(same.table_growing(0, 5, None).unwrap(), "40 bytes");
        assert!(same.table_growing(5, 6, None).is_err());
        let mut other = limiter(&Arc::new(TestAccount::with_memory(100)));
        assert!(other.memory_growing(0, 100, None).unwrap());
        drop(one);
        assert!(same.memory_growing(0, 60, None).unwrap());
        drop((same, other));
        assert_eq!(account.memory_left(), 100);
        assert_eq!(usage.memory.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_instance_without_a_place_has_no_memory() {
        let mut limiter = limiter(100, &Arc::default());
        limiter.slot = None;
        let error = limiter.memory_growing(0, 1, None).unwrap_err();
        assert!(error.to_string().contains("at a time"), "{error}");
    }
}
