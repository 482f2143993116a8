//! By signals and descriptors.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;
use signal_hook::consts::{SIGHUP, SIGINT};

/// What a pipe is asked to hold. cmd/go writes a body while it holds a lock that every get waits
/// for (docs/protocol.md#one-lock-for-a-put): the more a pipe takes at once, the shorter.
#[cfg(target_os = "linux")]
const PIPE_SIZE: usize = 1024 * 1024;

pub(super) fn outlive_interrupts() {
    for signal in [SIGINT, SIGHUP] {
        // Without it Ctrl-C ends this process a moment before its client does, which is no harm
        // either.
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
}

pub(super) fn set_umask() {
    rustix::process::umask(Mode::WGRP | Mode::WOTH);
}

pub(super) fn widen(pipe: impl AsFd) {
    // Not a pipe, or over the user's limit: then as it is.
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_SIZE);
    #[cfg(not(target_os = "linux"))]
    drop(pipe);
}
