//! What holds for every process that a go command starts as its helper.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT};

/// What a pipe is asked to hold. cmd/go writes a body while it holds a lock that every get waits
/// for (docs/protocol.md#one-lock-for-a-put): the more a pipe takes at once, the shorter.
#[cfg(target_os = "linux")]
const PIPE_SIZE: usize = 1024 * 1024;

/// cmd/go sets it for the tools that its actions run, and for nothing else: neither for tests nor
/// for generators.
pub const TOOL_OF_GO: &str = "TOOLEXEC_IMPORTPATH";

/// Whether go runs this helper's go command as a tool of one of its own actions, such as `go tool
/// covdata` in `go test -cover`: go prints what such a tool writes to stderr as part of its own
/// standard output (docs/protocol.md#nested-helpers). The go command that a person sees has a
/// helper of its own, which says what there is to say. What ends a helper is said in any case.
pub fn is_nested() -> bool {
    std::env::var_os(TOOL_OF_GO).is_some_and(|path| !path.is_empty())
}

/// No death by Ctrl-C: the go command gets the same signal, and its end is the end of the stream
/// (docs/protocol.md#signals).
pub fn outlive_interrupts() {
    for signal in [SIGINT, SIGHUP] {
        // Without it Ctrl-C ends this process a moment before its client does, which is no harm
        // either.
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
}

/// Makes a pipe larger, where the system gives that. It counts as the memory of this process's
/// user.
pub fn widen(pipe: impl AsFd) {
    // Not a pipe, or over the user's limit: then as it is.
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_SIZE);
    #[cfg(not(target_os = "linux"))]
    drop(pipe);
}
