//! The trimmer: a child of some session, in a process group of its own, with nobody to talk to.

use cachewarden_store::{Store, TrimRequest, sweep_if_due};

use super::arguments::TrimOptions;
use super::exit_status::ExitStatus;

/// Sweeps the private folder and trims the store, each if it is due and nobody else does. What stands in the way of one
/// is no matter to the other.
pub(super) fn run(options: &TrimOptions) -> anyhow::Result<ExitStatus> {
    // Ctrl-C ends the build, not this. It fails only where that is so already.
    let _ = rustix::process::setsid();
    let swept = sweep_if_due();
    trim(options)?;
    swept?;
    Ok(ExitStatus::Success)
}

fn trim(options: &TrimOptions) -> anyhow::Result<()> {
    let store = Store::open(&options.store.folder()?, options.store.sharing())?;
    let request = TrimRequest {
        max_size: options.max_size.map(|size| size.as_u64()),
        ..TrimRequest::default()
    };
    store.trim_if_due(&request)?;
    Ok(())
}
