//! What an instance takes of the machine: memory, tables, instances.

use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;
use wasmtime::ResourceLimiter;

use super::limits::{
    Limits, MAX_INSTANCES, MAX_LIVE_INSTANCES, MAX_MEMORIES, MAX_TABLE_ELEMENTS, MAX_TABLES,
};

/// Instances that this process has.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// One of the places for instances that a process has.
struct Place(&'static AtomicUsize);

impl Place {
    fn take(taken: &'static AtomicUsize) -> Option<Self> {
        // Gives it back by being dropped, where there is none.
        let place = Self(taken);
        (taken.fetch_add(1, Ordering::Relaxed) < MAX_LIVE_INSTANCES).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts what an instance takes, and traps it at the bound.
pub(super) struct SpaceLimiter {
    memory: usize,
    memory_left: usize,
    elements_left: usize,
    /// None where the process has no more.
    place: Option<Place>,
}

/// An instance wanted more than it may have.
#[derive(Debug, Error)]
pub(super) enum TooMuch {
    #[error("the policy wants more than {0} bytes of memory; give it more with --policy-memory")]
    Memory(usize),
    #[error("the policy wants more than {MAX_TABLE_ELEMENTS} table elements")]
    Table,
    #[error(
        "this process has {MAX_LIVE_INSTANCES} instances of policies, which is all that it may have at a time"
    )]
    Instances,
}

impl SpaceLimiter {
    pub(super) fn new(limits: &Limits) -> Self {
        let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        Self {
            memory,
            memory_left: memory,
            elements_left: MAX_TABLE_ELEMENTS,
            place: Place::take(&LIVE),
        }
    }

    /// Bytes of linear memory that the instance has.
    pub(super) fn memory_used(&self) -> usize {
        self.memory - self.memory_left
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

impl ResourceLimiter for SpaceLimiter {
    // An error, unlike `false`, is a trap: a guest that sees its growth refused may loop for ever in its out-of-memory
    // handling.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if self.place.is_none() {
            return Err(wasmtime::Error::new(TooMuch::Instances));
        }
        if take(&mut self.memory_left, current, desired) {
            Ok(true)
        } else {
            Err(wasmtime::Error::new(TooMuch::Memory(self.memory)))
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if take(&mut self.elements_left, current, desired) {
            Ok(true)
        } else {
            Err(wasmtime::Error::new(TooMuch::Table))
        }
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

    #[test]
    fn memories_share_one_bound() {
        let mut limiter = SpaceLimiter::new(&Limits {
            memory: 100,
            ..Limits::default()
        });
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        let error = limiter.memory_growing(60, 61, None).unwrap_err();
        assert!(error.to_string().contains("--policy-memory"), "{error}");
    }

    #[test]
    fn instances_of_a_process_share_one_bound() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let places: Vec<_> = (0..MAX_LIVE_INSTANCES)
            .map(|_| Place::take(&TAKEN).unwrap())
            .collect();
        for _ in 0..2 {
            assert!(Place::take(&TAKEN).is_none());
        }
        drop(places);
        assert!(Place::take(&TAKEN).is_some());
    }

    #[test]
    fn an_instance_without_a_place_has_no_memory() {
        let mut limiter = SpaceLimiter {
            place: None,
            ..SpaceLimiter::new(&Limits::default())
        };
        let error = limiter.memory_growing(0, 1, None).unwrap_err();
        assert!(error.to_string().contains("at a time"), "{error}");
    }
}
