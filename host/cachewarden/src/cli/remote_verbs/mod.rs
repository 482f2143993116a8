//! `cachewarden remote ...`: looks at remote tiers as a whole, and keeps them in order; one file a
//! verb.

mod ls;
mod prune;
mod verify;

use clap::Subcommand;

use cachewarden_remote::{Address, Credentials, HousekeepingError};
use cachewarden_types::Code;

use super::arguments::{Origins, RemoteOptions};
use super::exit_status::ExitStatus;
use super::failure::{Failure, ensure};
use super::the_store::remote_options;
use super::{output, remote};

/// What a person may ask for.
#[derive(Debug, Subcommand)]
pub(super) enum RemoteVerb {
    /// Show the scopes of each tier, with their entries and bytes
    Ls(RemoteOptions),
    /// Read and hash all that each tier has, and name what is damaged
    Verify(RemoteOptions),
    /// Remove from each tier what is old or too much, and objects that no entry names
    ///
    /// It goes by the time of writing: a tier does not know when something was read. Where the service
    /// has rules for that (lifecycle rules, expiry), they are better: docs/remote.md.
    Prune(prune::RemotePruneOptions),
}

pub(super) fn run(verb: &RemoteVerb, origins: &Origins) -> Result<ExitStatus, Failure> {
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
    let tiers = remote::tiers(&remote_options(options, origins))?;
    ensure(!tiers.is_empty(), Code::RemoteAddress, || {
        remote::NONE_NAMED.to_owned()
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
