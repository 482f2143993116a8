//! The 256 shards that a folder of objects or entries is divided into, and parallel work on them.

use std::ffi::OsStr;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many values the first two hex digits of a name have.
pub(super) const SHARDS: usize = 256;

/// The name of a shard: its number in two hex digits.
pub(super) fn shard_name(shard: usize) -> String {
    format!("{shard:02x}")
}

/// Whether this is the name of a shard.
pub(super) fn is_shard(name: &OsStr) -> bool {
    (0..SHARDS).any(|shard| *name == *shard_name(shard))
}

/// Runs `work` for every shard, on all processors, and calls `on_result` with each result on this
/// thread, as it is ready.
///
/// # Errors
/// When no thread can be started.
pub(super) fn in_parallel<Outcome: Send>(
    work: impl Fn(&str) -> Outcome + Sync,
    mut on_result: impl FnMut(Outcome),
) -> io::Result<()> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|threads| {
        for number in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            let started = thread::Builder::new().spawn_scoped(threads, move || {
                loop {
                    let shard = next.fetch_add(1, Ordering::Relaxed);
                    if shard >= SHARDS || sender.send(work(&shard_name(shard))).is_err() {
                        break;
                    }
                }
            });
            // One thread is enough: it takes the shards of those that could not be started.
            if let (Err(error), 0) = (started, number) {
                return Err(error);
            }
        }
        drop(sender);
        receiver.into_iter().for_each(&mut on_result);
        Ok(())
    })
}
