//! The 256 folders that a folder of objects or entries is divided into, and work on them.

use std::ffi::OsStr;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// The first two hex digits of a name.
pub(super) const BUCKETS: usize = 256;

/// The name of a folder.
pub(super) fn bucket_name(bucket: usize) -> String {
    format!("{bucket:02x}")
}

/// Whether this is such a name.
pub(super) fn is_bucket(name: &OsStr) -> bool {
    (0..BUCKETS).any(|bucket| *name == *bucket_name(bucket))
}

/// Does `work` for every folder, on all processors; its results are heard one at a time, as they are ready.
///
/// # Errors
/// When no thread can be started.
pub(super) fn in_parallel<Outcome: Send>(
    work: impl Fn(&str) -> Outcome + Sync,
    mut hear: impl FnMut(Outcome),
) -> io::Result<()> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|threads| {
        for number in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            let started = thread::Builder::new().spawn_scoped(threads, move || {
                loop {
                    let bucket = next.fetch_add(1, Ordering::Relaxed);
                    if bucket >= BUCKETS || sender.send(work(&bucket_name(bucket))).is_err() {
                        break;
                    }
                }
            });
            // Where there is one, it does what the others would have done.
            if let (Err(error), 0) = (started, number) {
                return Err(error);
            }
        }
        drop(sender);
        receiver.into_iter().for_each(&mut hear);
        Ok(())
    })
}
