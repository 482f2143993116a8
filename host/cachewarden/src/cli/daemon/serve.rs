//! `cachewarden serve`: the daemon.
//!
//! It has a command line of its own: its `--config` is the daemon's, which is no file of options,
//! and no CACHEWARDEN_* variable decides what tenants may do.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use cachewarden_daemon::config::DOCUMENTED;
use cachewarden_daemon::{Loader, check, serve};
use cachewarden_policy_host::Sandbox;

use crate::cli::arguments::{Stop, print_and_exit};
use crate::cli::exit_status::ExitStatus;
use crate::cli::failure::Failure;
use crate::cli::helper::compiled_cache;
use crate::cli::output;

/// Serve go commands of several tenants from a daemon, outside the jobs that it restrains
#[derive(Debug, Parser)]
#[command(
    name = "cachewarden serve",
    bin_name = "cachewarden serve",
    max_term_width = 110
)]
pub(super) struct ServeArguments {
    /// The daemon's configuration, a TOML file
    #[arg(long, value_name = "FILE", required_unless_present = "print_config")]
    config: Option<PathBuf>,
    /// Read the configuration, load every policy, run its cases, say what each tenant may do, and
    /// serve nobody
    #[arg(long)]
    check: bool,
    /// Print a documented configuration, and serve nobody
    #[arg(long)]
    print_config: bool,
}

/// Runs the daemon with these words, the verb first.
pub(super) fn run(words: impl Iterator<Item = OsString>) -> Result<ExitStatus, Failure> {
    let arguments = match ServeArguments::try_parse_from(words).map_err(Stop::from) {
        Ok(arguments) => arguments,
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(Stop::Help(help)) => return Err(print_and_exit(&help)),
    };
    let Some(config) = arguments.config.filter(|_| !arguments.print_config) else {
        output::print(DOCUMENTED)?;
        return Ok(ExitStatus::Success);
    };
    let loader = Loader {
        sandbox: Sandbox::start()?,
        cache: compiled_cache(),
    };
    if arguments.check {
        let checked = check(&config, loader)?;
        for one in &checked.report {
            output::print(&format!("{}\n", one.in_lines()))?;
        }
        if let Some(folder) = checked.compiled_elsewhere {
            output::say(&format!(
                "the policies were compiled for this check alone: `serve` keeps them in {}, which is not of this user; run the check as the daemon's user to have them ready",
                folder.display()
            ));
        }
        return Ok(ExitStatus::Success);
    }
    serve(&config, loader)?;
    Ok(ExitStatus::Success)
}
