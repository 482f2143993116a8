//! `cachewarden policy ...`: what a policy's author needs beside an editor; one file a verb.

mod compile;
mod new;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

use crate::policy::CONTRACT;

use super::arguments::HelperOptions;
use super::output;

/// The contract for compilers that read C.
const HEADER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sdk/c/cachewarden.h"));

/// What an author may ask for.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyVerb {
    /// Make a project for a new policy, in any of several languages
    New(new::NewOptions),
    /// Ask a policy the questions of recordings or hand-written cases, and print what differs
    Test(test::TestOptions),
    /// Compile a policy ahead, so that no build waits for it
    Compile(compile::CompileOptions),
    /// Print the contract, for those who use their own tools
    Wit,
    /// Print the contract as a C header: the core functions and how memory is laid out
    Header,
}

pub(super) fn run(options: &HelperOptions, verb: &PolicyVerb) -> anyhow::Result<ExitCode> {
    match verb {
        PolicyVerb::New(new) => new::run(new),
        PolicyVerb::Test(test) => test::run(options, test),
        PolicyVerb::Compile(compile) => compile::run(options, compile),
        PolicyVerb::Wit => {
            output::print(CONTRACT)?;
            Ok(ExitCode::SUCCESS)
        }
        PolicyVerb::Header => {
            output::print(HEADER)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
