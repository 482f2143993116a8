//! `cachewarden remote ...`: looks at remote tiers as a whole, and keeps them in order; one file a
//! verb.

mod ls;
mod prune;
mod verify;

use cachewarden_remote::{Address, Credentials, HousekeepingError};
use cachewarden_types::Code;

use crate::cli::arguments::{Origins, RemoteOptions, RemoteVerb};
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::{Failure, ensure};
use crate::cli::output;
use crate::cli::the_store::remote_options;

use super::{NONE_NAMED, tiers};

pub(in crate::cli) fn run(verb: &RemoteVerb, origins: &Origins) -> Result<ExitStatus, Failure> {
    match verb {
        RemoteVerb::Ls(options) => on_each(options, origins, ls::run),
        RemoteVerb::Verify(options) => on_each(options, origins, verify::run),
        RemoteVerb::Prune(options) => on_each(&options.tiers, origins, |address, credentials| {
            prune::run(options, address, credentials)
        }),
    }
}

/// Why a tier was not dealt with.
enum Stopped {
    Tier(HousekeepingError),
    /// Nothing can be printed.
    Print(Failure),
}

impl From<HousekeepingError> for Stopped {
    fn from(error: HousekeepingError) -> Self {
        Self::Tier(error)
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Print(failure)
    }
}

/// Does something with each tier that is meant. One that fails keeps no other one from it.
fn on_each(
    options: &RemoteOptions,
    origins: &Origins,
    work: impl Fn(&Address, &Credentials) -> Result<ExitStatus, Stopped>,
) -> Result<ExitStatus, Failure> {
    let tiers = tiers(&remote_options(options, origins))?;
    ensure(!tiers.is_empty(), Code::RemoteAddress, || {
        NONE_NAMED.to_owned()
    })?;
    let mut worst = ExitStatus::Success;
    for (address, credentials) in &*tiers {
        let status = match work(address, credentials) {
            Ok(status) => status,
            Err(Stopped::Print(failure)) => return Err(failure),
            Err(Stopped::Tier(error)) => {
                let failure = Failure::from(error).map_text(|text| format!("{address}: {text}"));
                output::fail(&failure);
                ExitStatus::Usage
            }
        };
        if status as u8 > worst as u8 {
            worst = status;
        }
    }
    Ok(worst)
}
