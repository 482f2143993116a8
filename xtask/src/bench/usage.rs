//! Runs a command and measures its time, including that of its helpers.
//!
//! cmd/go never waits for its helper, so the helper's CPU time is not counted for go's parent. As a
//! subreaper, this process becomes the parent of the helper, waits for it too, and so has its time
//! counted.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{WaitOptions, getpgrp, waitpgid};

use crate::process;

/// The time of a command.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    /// Wall time from its start to its own end.
    pub(super) wall: Duration,
    /// User and system time of the command and everything that it started.
    pub(super) cpu: Duration,
}

/// From now on, this process becomes the parent of its children's orphans.
#[cfg(target_os = "linux")]
pub(super) fn adopt_orphans() -> Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("cannot become a child subreaper")
}

/// Other systems have no subreaper.
#[cfg(not(target_os = "linux"))]
pub(super) fn adopt_orphans() -> Result<()> {
    anyhow::bail!(
        "the bench counts the CPU time of cache programs, which only Linux tells: run it there"
    )
}

/// Runs a command whose output goes to the file `words`. No other child of this process may be
/// running, except in a process group of its own.
pub(super) fn measure(command: &mut Command, words: &Path) -> Result<Usage> {
    let (usage, said) = measure_with_words(command, words)?;
    ensure!(
        said.is_empty(),
        "a build should be silent, and said: {said}"
    );
    Ok(usage)
}

/// The same of a command that may say something; returns it.
pub(super) fn measure_with_words(command: &mut Command, words: &Path) -> Result<(Usage, String)> {
    let stderr =
        File::create(words).with_context(|| format!("cannot create {}", words.display()))?;
    command.stdout(Stdio::null()).stderr(stderr);
    let before = cpu_of_children()?;
    let started = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| process::cannot_start(command))?;
    let status = child.wait()?;
    let wall = started.elapsed();
    // An error means that there is no child left.
    while waitpgid(getpgrp(), WaitOptions::empty()).is_ok() {}
    let cpu = cpu_of_children()?.saturating_sub(before);

    let said =
        fs::read_to_string(words).with_context(|| format!("cannot read {}", words.display()))?;
    process::succeeded(command, status).with_context(|| said.clone())?;
    Ok((Usage { wall, cpu }, said))
}

/// The CPU time of this process and of all its children that were waited for.
pub(super) fn cpu_of_all() -> Result<Duration> {
    Ok(cpu_of(libc::RUSAGE_SELF)? + cpu_of_children()?)
}

/// The CPU time of all children that were waited for.
fn cpu_of_children() -> Result<Duration> {
    cpu_of(libc::RUSAGE_CHILDREN)
}

fn cpu_of(whom: libc::c_int) -> Result<Duration> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a writable `rusage`, which is all that getrusage(2) asks for.
    let result = unsafe { libc::getrusage(whom, usage.as_mut_ptr()) };
    if result != 0 {
        return Err(std::io::Error::last_os_error()).context("cannot read the CPU time");
    }
    // SAFETY: of plain numbers, zeroed above, any of which are valid.
    let usage = unsafe { usage.assume_init() };
    let duration = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let microseconds = u64::try_from(time.tv_usec).unwrap_or_default();
        Duration::from_secs(seconds) + Duration::from_micros(microseconds)
    };
    Ok(duration(usage.ru_utime) + duration(usage.ru_stime))
}
