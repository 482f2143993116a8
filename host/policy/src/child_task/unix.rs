//! The child sets limits of its own, before it reads its input.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::Bounds;

/// The error texts of the system when memory is not enough.
pub(super) const OUT_OF_MEMORY: [&str; 1] = ["Cannot allocate memory"];

/// What the parent holds as long as the child runs.
pub(super) struct Held;

pub(super) fn start(command: &mut Command, _: &Bounds) -> io::Result<(Child, Held)> {
    // Ctrl-C is for the go command; here it would be recorded as a crash.
    command.process_group(0).spawn().map(|child| (child, Held))
}

/// Sets the limits of this process. Limits that the system does not support are enforced by the
/// parent alone.
pub(super) fn apply(bounds: &Bounds) {
    // If the parent has ended, the result is not needed.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    for (resource, most) in [
        (Resource::Data, bounds.memory),
        (Resource::Cpu, bounds.cpu_seconds),
        // A crash must not write a core file.
        (Resource::Core, 0),
    ] {
        let most = match getrlimit(resource).maximum {
            Some(maximum) => maximum.min(most),
            None => most,
        };
        let _ = setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        );
    }
}

pub(super) fn has_refused(status: ExitStatus, _: &[u8]) -> bool {
    status.code() == Some(super::REFUSED)
}

pub(super) fn was_ended_by_another(status: ExitStatus) -> bool {
    [Signal::KILL, Signal::TERM]
        .map(|signal| Some(signal.as_raw()))
        .contains(&status.signal())
}
