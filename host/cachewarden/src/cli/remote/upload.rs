//! The uploader: a child of some session, in a process group of its own, with nobody to talk to.

use std::sync::Arc;
use std::time::Duration;

use cachewarden_remote::upload_to;
use cachewarden_store::Store;
use cachewarden_system::background;
use cachewarden_types::Code;

use crate::cli::arguments::UploadOptions;
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, OrFail};

use super::{level, tiers};

/// Sends what waits, each tier's if nobody else does. What is left is sent by a later one.
pub(in crate::cli) fn upload(options: &UploadOptions) -> Result<ExitStatus, Failure> {
    background::leave_terminal();
    background::give_way();
    let tiers = tiers(&options.tiers)?;
    let store = Store::open(&options.store.folder()?, options.store.sharing())?;
    let level = level(&options.tiers);
    let ends = upload_to(
        &Arc::new(store),
        tiers.into(),
        level,
        Duration::ZERO,
        None,
        |_, _| {},
    );
    let ends = ends.or_fail(Code::System, || "cannot start a thread".to_owned())?;
    Ok(match ends.iter().all(|end| end.is_complete()) {
        true => ExitStatus::Success,
        false => ExitStatus::Unsent,
    })
}
