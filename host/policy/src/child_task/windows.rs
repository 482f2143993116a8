//! The parent sets the child's limits by a job object, before it sends the input.

use std::env;
use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use cachewarden_system::job::{self, Job};

use super::{Bounds, REFUSED};

/// The end of the system's errors when memory is not enough: ERROR_NOT_ENOUGH_MEMORY and
/// ERROR_COMMITMENT_LIMIT. Their words are in the user's language.
pub(super) const OUT_OF_MEMORY: [&str; 2] = ["(os error 8)", "(os error 1455)"];

/// CREATE_NEW_PROCESS_GROUP and CREATE_NO_WINDOW: Ctrl-C is for the go command, and a helper without
/// a console must not open one.
const ALONE: u32 = 0x0000_0200 | 0x0800_0000;

/// The one variable without which a process cannot load the system's libraries.
const NEEDED: &str = "SystemRoot";

/// What the parent holds as long as the child runs: if the parent has ended, the result is not
/// needed, and the child is ended.
pub(super) type Held = Job;

pub(super) fn start(command: &mut Command, bounds: &Bounds) -> io::Result<(Child, Held)> {
    if let Some(value) = env::var_os(NEEDED) {
        command.env(NEEDED, value);
    }
    let job = Job::new(job::Bounds {
        memory: bounds.memory,
        user_time: Duration::from_secs(bounds.cpu_seconds),
    })?;
    let mut child = command.creation_flags(ALONE).spawn()?;
    if let Err(error) = job.add(&child) {
        // It may have ended. Without bounds it gets no input.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok((child, job))
}

/// The parent has set the limits.
pub(super) fn apply(_: &Bounds) {}

pub(super) fn has_refused(status: ExitStatus, output: &[u8]) -> bool {
    // A process that another one ended has this code, as a rule, and no reason.
    status.code() == Some(REFUSED) && !output.is_empty()
}

pub(super) fn was_ended_by_another(status: ExitStatus) -> bool {
    status.code() == Some(REFUSED)
}
