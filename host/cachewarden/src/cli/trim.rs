//! The trimmer: a child of some session, in a process group of its own, with nobody to talk to.

use cachewarden_store::{Store, TrimRequest, sweep_if_due};
use cachewarden_system::background;
use cachewarden_types::Code;

use super::arguments::TrimOptions;
use super::exit_status::ExitStatus;
use super::failure::{Failure, OrFail};

/// Sweeps the private folder and trims the store, each if it is due and nobody else does. What
/// stands in the way of one is no matter to the other.
pub(super) fn run(options: &TrimOptions) -> Result<ExitStatus, Failure> {
    background::leave_terminal();
    let swept = sweep_if_due();
    trim(options)?;
    swept.or_fail(Code::StoreWork, || {
        "cannot sweep the private folder".to_owned()
    })?;
    Ok(ExitStatus::Success)
}

fn trim(options: &TrimOptions) -> Result<(), Failure> {
    let store = Store::open(&options.store.folder()?, options.store.sharing())?;
    let request = TrimRequest {
        max_size: options.max_size.map(|size| size.as_u64()),
        ..TrimRequest::default()
    };
    store
        .trim_if_due(&request)
        .or_fail(Code::StoreWork, || "cannot trim the store".to_owned())?;
    Ok(())
}
