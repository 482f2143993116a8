//! What a process has used by its end, as the kernel tells whoever waits for it.

use std::fs;
use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{WaitId, WaitIdOptions, waitid};
use wait4::Wait4 as _;

use super::process::process_id;

/// In what Linux counts processor time for everybody to read.
const TICK: Duration = Duration::from_millis(10);

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    /// Processor time of its own threads, without that of processes that it started and waited for.
    pub(crate) cpu: Duration,
    /// Bytes of memory, at the most: its own, or those of a process that it started and waited for.
    pub(crate) memory: u64,
}

/// Waits for the end of a child.
#[track_caller]
pub(crate) fn end_of(child: Child) -> (ExitStatus, Used) {
    let id = child.id();
    // Once it has ended, and is still there to be looked at.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(error) = waitid(WaitId::Pid(process_id(id)), ended) {
        let error = io::Error::from(error);
        assert_eq!(
            error.kind(),
            io::ErrorKind::Interrupted,
            "it can be waited for"
        );
    }
    let cpu = processor_time(id);
    let ended = child.wait4().expect("it can be waited for");
    let used = Used {
        cpu,
        memory: ended.rusage.maxrss,
    };
    (ended.status, used)
}

/// The processor time of a process so far.
#[track_caller]
pub(crate) fn processor_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("it is there");
    // The name may hold anything; behind it the fields are counted from the third one, and these
    // are 14 and 15.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(|field| field.parse::<u32>().expect("a number"));
    TICK * ticks.sum::<u32>()
}
